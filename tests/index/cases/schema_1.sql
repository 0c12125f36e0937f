-- A file of schema version 1 as that version wrote it. Never changed: every later version must be able to read it.
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE article (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, url TEXT, live INTEGER NOT NULL, lang TEXT, published INTEGER,
    revision INTEGER NOT NULL, story TEXT, role TEXT);
CREATE INDEX article_url ON article (url);
CREATE INDEX article_published ON article (published) WHERE live = 1;
CREATE INDEX article_story ON article (story, live, published, role) WHERE story IS NOT NULL;
CREATE TABLE content (n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, counter INTEGER NOT NULL, doc TEXT NOT NULL);
CREATE TABLE tags (n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, counter INTEGER NOT NULL, doc TEXT NOT NULL);
CREATE TABLE sources (n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, counter INTEGER NOT NULL, doc TEXT NOT NULL);
CREATE TABLE story_group (n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, counter INTEGER NOT NULL, doc TEXT NOT NULL);
CREATE TABLE verdict (n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, counter INTEGER NOT NULL, doc TEXT NOT NULL);
CREATE TABLE text (n INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE revision (
    id TEXT NOT NULL, revision INTEGER NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, doc TEXT NOT NULL,
    UNIQUE (id, revision));
CREATE TABLE facet (key TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (key, n)) WITHOUT ROWID;
CREATE TABLE entity_name (name TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (name, id)) WITHOUT ROWID;
CREATE TABLE story (
    id TEXT PRIMARY KEY, members INTEGER NOT NULL, reposts INTEGER NOT NULL, first_published INTEGER,
    latest INTEGER) WITHOUT ROWID;
CREATE INDEX story_latest ON story (latest);
CREATE TABLE alias (id TEXT PRIMARY KEY, story TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX alias_story ON alias (story);
CREATE TABLE forgotten (position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE);
CREATE TABLE alert (
    id TEXT PRIMARY KEY, rule TEXT NOT NULL, story TEXT NOT NULL, created INTEGER NOT NULL, live INTEGER NOT NULL,
    doc TEXT NOT NULL);
CREATE UNIQUE INDEX alert_story ON alert (story, rule);
CREATE INDEX alert_created ON alert (created);
CREATE TABLE alert_article (article TEXT NOT NULL, alert TEXT NOT NULL, PRIMARY KEY (article, alert)) WITHOUT ROWID;
CREATE TABLE parcel (
    key TEXT NOT NULL, channel TEXT NOT NULL, alert TEXT NOT NULL, state TEXT NOT NULL, due INTEGER,
    attempts INTEGER NOT NULL, reason TEXT, delivered INTEGER, UNIQUE (key, channel));
CREATE INDEX parcel_due ON parcel (due) WHERE state = 'due';
CREATE INDEX parcel_alert ON parcel (alert);
CREATE TABLE feed (
    reader TEXT PRIMARY KEY, requested_ms INTEGER NOT NULL, batch INTEGER NOT NULL, progress TEXT NOT NULL
    ) WITHOUT ROWID;
CREATE VIRTUAL TABLE fts USING fts5(title, body, forms, content='', tokenize='ascii');
INSERT INTO fts(fts, rank) VALUES ('automerge', 16);
INSERT INTO meta VALUES ('epoch', 2);
INSERT INTO meta VALUES ('search_rules', 'those of version 1');
INSERT INTO counter VALUES ('alerts', 1);
INSERT INTO counter VALUES ('articles', 2);
INSERT INTO counter VALUES ('failed_polls', 0);
INSERT INTO counter VALUES ('polls', 1);
INSERT INTO counter VALUES ('reposts', 1);
INSERT INTO counter VALUES ('revisions', 1);
INSERT INTO counter VALUES ('stories', 1);
INSERT INTO article VALUES (1, 'a', 'https://www.wire.example/a', 1, 'ar', 1790000000, 0, 's1', 'original');
INSERT INTO article VALUES (2, 'b', 'https://blog.example/b', 1, 'en', 1790000060, 1, 's1', 'repost');
INSERT INTO content VALUES (1, 1, 1, '{"id":"a","url":"https://www.wire.example/a","guid":null,"language":"ar","source":{"id":"wire","name":"Wire","domain":"www.wire.example"},"sources":[{"id":"wire","name":"Wire","domain":"www.wire.example"}],"published":"2026-09-21T14:13:20Z","published_effective":"2026-09-21T14:13:20Z","first_seen":"2026-09-21T14:14:20Z","revision":0,"author":null,"method":"feed","extra":{},"fingerprint":{"algo":"test","version":1,"data":"AAAA"},"texts":["hash-a"]}');
INSERT INTO content VALUES (2, 1, 2, '{"id":"b","url":"https://blog.example/b","guid":null,"language":"en","source":{"id":"blog","name":"Blog","domain":"blog.example"},"sources":[{"id":"blog","name":"Blog","domain":"blog.example"}],"published":"2026-09-21T14:14:20Z","published_effective":"2026-09-21T14:14:20Z","first_seen":"2026-09-21T14:15:20Z","revision":1,"author":null,"method":"feed","extra":{},"fingerprint":{"algo":"test","version":1,"data":"AAAA"},"texts":["hash-b"]}');
INSERT INTO tags VALUES (1, 1, 1, '{"wire":{"agencies":["reuters"],"evidence":[]},"entities":[{"id":"Q159","name":"Россия","type":"country","count":2,"spans":[]}],"topics":[{"id":"sanctions","score":4.0,"evidence":[]}],"tagged_by":{"topics":"1"}}');
INSERT INTO tags VALUES (2, 1, 1, '{"wire":{"agencies":["reuters"],"evidence":[]},"entities":[{"id":"Q159","name":"Россия","type":"country","count":2,"spans":[]}],"topics":[{"id":"sanctions","score":4.0,"evidence":[]}],"tagged_by":{"topics":"1"}}');
INSERT INTO story_group VALUES (1, 1, 1, '{"story":{"id":"s1","merged_from":[],"role":"original","original_id":"a","copied_from":[]}}');
INSERT INTO story_group VALUES (2, 1, 1, '{"story":{"id":"s1","merged_from":[],"role":"repost","original_id":"a","copied_from":[]}}');
INSERT INTO text VALUES (1, 'الميناء الجديد', 'قالت الوزارة إن المفاوضات والعقوبات قيد البحث');
INSERT INTO text VALUES (2, 'Title of b', 'The quay was renamed.');
INSERT INTO revision VALUES ('b', 0, 'Title of b', 'The harbour of Dalmar opened a new quay, says report b.', '{"id":"b","url":"https://blog.example/b","guid":null,"language":"en","author":null,"source":{"id":"blog","name":"Blog","domain":"blog.example"},"sources":[{"id":"blog","name":"Blog","domain":"blog.example"}],"published":"2026-09-21T14:14:20Z","published_effective":"2026-09-21T14:14:20Z","first_seen":"2026-09-21T14:15:20Z","revision":0,"method":"feed","wire":{"agencies":["reuters"],"evidence":[]},"entities":[{"id":"Q159","name":"Россия","type":"country","count":2,"spans":[]}],"topics":[{"id":"sanctions","score":4.0,"evidence":[]}],"tagged_by":{"topics":"1"},"story":{"id":"s1","merged_from":[],"role":"repost","original_id":"a","copied_from":[]},"verdict":null,"fingerprint":{"algo":"test","version":1,"data":"AAAA"},"extra":{}}');
INSERT INTO facet VALUES ('d:blog.example', 2);
INSERT INTO facet VALUES ('d:wire.example', 1);
INSERT INTO facet VALUES ('e:Q159', 1);
INSERT INTO facet VALUES ('e:Q159', 2);
INSERT INTO facet VALUES ('s:blog', 2);
INSERT INTO facet VALUES ('s:wire', 1);
INSERT INTO facet VALUES ('t:sanctions', 1);
INSERT INTO facet VALUES ('t:sanctions', 2);
INSERT INTO entity_name VALUES ('россия', 'Q159');
INSERT INTO story VALUES ('s1', 2, 1, 1790000000, 1790000060);
INSERT INTO forgotten VALUES (1, 'gone');
INSERT INTO alert VALUES ('r-s1', 'r', 's1', 1790000000, 1, '{"id":"r-s1","rule":"r","story_id":"s1","merged_from":[],"created":"2026-09-21T14:13:20Z","severity":"high","reason":"why","evidence":[{"article_id":"a","text":"x"}],"history":[{"article_id":"a","event":"reported"}]}');
INSERT INTO alert_article VALUES ('a', 'r-s1');
INSERT INTO parcel VALUES ('r-s1', 'log', 'r-s1', 'due', 1790000000, 0, NULL, NULL);
INSERT INTO feed VALUES ('feed:x', 7, 8, '{"etag":"e"}');
INSERT INTO fts(rowid, title, body, forms) VALUES (1, 'written', 'by', 'other rules');
INSERT INTO fts(rowid, title, body, forms) VALUES (2, 'written', 'by', 'other rules');
PRAGMA application_id = 1313167187;
PRAGMA user_version = 1;
