"""Kibana for watchers: dashboards, data views, saved searches and alerting rules, made from YAML.

`source` reads the YAML, `mapping` knows the fields, `check` finds what does not fit, `lens`, `objects`, `boards` and
`rules` make what Kibana takes, `request` makes the Elasticsearch request that Kibana would send for a panel.
"""
