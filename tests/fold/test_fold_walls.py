"""Pages that are but a wall have no fingerprint; news about walls keeps its own."""

from __future__ import annotations

import pytest

from tests.fold.fold_play import text
from transforms.fold.shingles import fingerprint

WALLS = {
    "en": "Choir wins prize\nWe use cookies and similar technologies to show you personalised advertising. "
    "By clicking accept you agree to our privacy policy. You can change your settings in your browser.",
    "en_login": "Oil to fall\nPlease log in to your account or subscribe for unlimited access. "
    "Your free trial ends after a month, and we will send you an email before it does. Forgot your password?",
    "en_bot": "Our systems have seen unusual traffic from your IP address. "
    "Please show us that you are not a robot by solving the captcha, and enable JavaScript in your browser.",
    "de": "Chor gewinnt Preis\nWir verwenden Cookies und andere Technologien auf unserer Webseite, um Ihnen "
    "personalisierte Werbung zu zeigen. Mit Ihrer Zustimmung akzeptieren Sie unsere Datenschutzerklärung.",
    "fr": "La chorale gagne\nNous et nos partenaires utilisons des cookies pour vous montrer de la publicité. "
    "Vous pouvez retirer votre consentement dans les paramètres de votre navigateur.",
    "es": "Gana el coro\nUtilizamos cookies en nuestro sitio web para mostrarle publicidad. "
    "Si acepta nuestra política de privacidad, puede cambiar su consentimiento en su navegador.",
    "pl": "Chór wygrywa\nNasza strona internetowa używa plików cookie, aby wyświetlać reklamy dla Ciebie. "
    "Zaakceptuj naszą politykę prywatności i przetwarzanie Twoich danych osobowych w ustawieniach przeglądarki.",
    "tr": "Koro kazandı\nSize kişisel reklamlar göstermek için bizim internet sitesinde çerez kullanıyoruz. "
    "Gizlilik ayarlarınızı tarayıcı üzerinden değiştirebilir, çerezler için onay verebilirsiniz; bu siz ve biz için.",
    "ru": "Хор победил\nМы используем файлы cookie, чтобы показывать вам рекламу на нашем сайте. "
    "Если вы согласны с политикой конфиденциальности, измените настройки в вашем браузере.",
}  # fmt: skip

NEWS = {
    "law": "The parliament of Velden passed a law under which a website may set cookies only with consent. "
    "Publishers said that advertising would bring them a third less. A study counted nine questions a day. "
    "The minister answered that privacy was worth the price, and that no browser maker had objected.",
    "robots": "The robots of the new quay lift forty crates an hour, the harbour board said on Monday. "
    "A dock workers' union warned that the machines would block the lower road, and asked for automated lights.",
    "licence": "The chip maker of Orsa and the phone maker of Karsk signed an agreement on patents and other IP. "
    "Partners of both accepted the terms, which cover all technologies of the last ten years.",
    "subscribers": "The Dalmar Courier lost a tenth of its subscribers last year and will raise the price of a "
    "subscription. Its editor said that readers who left had named the password rules of the website as a reason.",
}  # fmt: skip


@pytest.mark.parametrize("name", WALLS)
def test_a_wall_has_no_fingerprint(name: str) -> None:
    assert len(fingerprint(WALLS[name])) == 0


@pytest.mark.parametrize("name", NEWS)
def test_news_about_walls_has_one(name: str) -> None:
    assert len(fingerprint(NEWS[name])) == len(NEWS[name].split()) - 4


def test_a_story_with_a_wall_around_it_keeps_the_story() -> None:
    story = text(["quay1-6"])
    wrapped = fingerprint(f"{WALLS['en']}\n{story}")
    assert set(fingerprint(story).tolist()) <= set(wrapped.tolist())
