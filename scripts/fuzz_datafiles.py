#!/usr/bin/env python3
"""Compares our datafile parser with the reference implementation on generated files.

    scripts/fuzz_datafiles.py --oracle PYTHON ORACLE.py [--cases 20000] [--seed 1] [--show 20]
    scripts/fuzz_datafiles.py --oracle PYTHON ORACLE.py --file CASES.jsonl

PYTHON is an interpreter that has the reference package, ORACLE.py the script that parses JSON
lines with it (`scripts/setup-oracle`). Ours is `birdhouse debug datafile --batch`.

The generator makes files of the three kinds with a fixed seed: every directive with good and bad
values, columns, indexes, engines, nodes, connectors, comments, quotes and indentation of all
kinds, and then breaks half of them by small changes of their text. Secrets are resolved first,
as a deployment does it. What differs for a reason is named in `KNOWN`.

Exit status 0 when nothing else differs.
"""

import collections
import json
import random
import re
import sys

import reference

SECRETS = {"k": "value", "empty": "", "hash": "a#b", "quote": 'say "x"', "lines": "a\nb"}
SECRETS_GIVEN = ["--render-secrets", "--secrets", json.dumps(SECRETS)]

WORDS = [
    "a", "b", "events", "x_y", "1", "now()", "toDate(a)", "tuple()", "a, b", "a,b", "a  b", "cityHash64(a)",
    "'x y'", '"q, r"', "''", '""', "'", '"a', "it's", "a'b'", "a#b", "'#'", "# note", "#", "--", "-- no",
    "a\\b", "'a\\'b'", "é", "😀", "\u00a0", "x=1", "k=v,w=z", "=", "@on-demand", "$HOME", "${HOME}",
    "`a`", "(", ")", "((a))", ">", "> a", "a >", "%", "{{ a }}", "tab\there", ",", "a,", ",a", ";",
    '{{ tb_secret("k") }}', '{{ tb_secret("k", "d") }}', '{{ tb_secret("no", "d") }}',
    '{{tb_secret("no")}}', '{{ tb_secret("empty") }}', '{{ tb_secret("no", "") }}',
    '{{ tb_secret("no", 5) }}', '{{ tb_secret("hash") }}', '"{{ tb_secret("quote") }}"',
    '{{ tb_secret("lines") }}', "{{ other }}", '{% if tb_secret("k") == "value" %}a{% else %}b{% end %}',
    "{% if x %}", "{# c #}", "{{ 1 + 1 }}",
]
NAMES = ["a", "id", "name", "ts", "value", "a.b", "x-y", "`a`", "`a-b`", "`a`b", "`", "``", "`é`", "é", "a+b",
         "a'b", "a*", "ttl", "tags", "index", "INDEX", "default", "codec", "1a", "_", "a b", "`a b`", "a#b",
         "a$", "type", "Sql", "token", "<x>", "a/b", "__k"]
PLAIN_NAMES = ["a", "id", "name", "ts", "value", "status", "x1", "kind"]
TYPES = [
    "String", "Int8", "Int32", "UInt64", "Float64", "Nullable(String)", "Nullable(Int32)", "DateTime",
    "DateTime64(3)", "DateTime('UTC')", "DateTime64(3, 'UTC')", "LowCardinality(String)", "UUID", "Date",
    "LowCardinality(Nullable(String))", "Array(String)", "Array(Nullable(Int32))", "Map(String, String)",
    "Tuple(a Int32, b String)", "Decimal(10, 2)", "Decimal32(2)", "FixedString(3)", "Bool", "JSON", "IPv4",
    "Enum8('a' = 1, 'b' = 2)", "AggregateFunction(count)", "AggregateFunction(uniq, String)", "IPv6",
    "AggregateFunction(sumIf, Int32, UInt8)", "SimpleAggregateFunction(max, Int32)", "Int256", "Date32",
    "SimpleAggregateFunction(any, Nullable(String))", "Array(Array(Int8))", "Nested(a Int32, b String)",
    "AggregateFunction(argMax, String, DateTime64(3))", "AggregateFunction(quantiles(0.5, 0.9), Float64)",
]
BAD_TYPES = [
    "Strin", "string", "Boolean", "Nullable(Boolean)", "DateTime64", "Int", "UInt", "Int7", "Array", "Array()",
    "Array(String", "String)", "Nullable(Nullable(String))", "String NULL", "String NOT NULL", "VARCHAR(10)",
    "Map(String)", "String MATERIALIZED a", "String ALIAS a", "String TTL a", "INTEGER", "Foo(Int32)", "''",
    "Nullable(Array(String))", "FixedString", "Decimal", "Enum8()", "Tuple()", "LowCardinality(Array(Int8))",
    "DateTime64()", "DateTime64(3", "text", "bool", "Array(Boolean)", "Array(DateTime64)", "Variant(Int8, String)",
    "Dynamic", "Point", "Time", "Nothing", "Array(Int)", "Object('json')", "BFloat16", "IntervalDay",
]
PATHS = ["`json:$.a`", "`json:$.a.b`", "`json:$.a[:]`", "`json:$`", "`json:$.a[:].b`", "`JSON:$.a`", "`json:`",
         "`json:a`", "`json:$.a b`", "`json:$.é`", "`json:$['a-b']`", "`json:$.a[0]`", "`json:$.a--b`",
         "`json:$.a", "`jsonx`", "`json:$.a,b`"]
DEFAULTS = ["now()", "'x,y'", "(1, 2)", "[]", "[1]", "['a']", "'it''s'", "0", "-1", "''", "NULL", "a + b",
            "toDate('2024-01-01')", "generateUUIDv4()", "array(1, 2)", "1.5", "'('", "if(a, 1, 2)",
            "toString(a)"]
BAD_DEFAULTS = ["[1, 2]", "'--'", "'a' || 'b'", "{}", "'it\\'s'", "", "(", "'a", ")", "'a--b'", "a`b", "[1", "$x", "1 2", "CODEC"]
ENGINES = ["MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree", "CollapsingMergeTree",
           "VersionedCollapsingMergeTree", "Null", '"MergeTree"', "'ReplacingMergeTree'", "mergetree", "Join", "Foo",
           "MergeTree()", ""]
ENGINE_OPTIONS = {
    "PARTITION_KEY": ["toYYYYMM(ts)", '"toYear(ts)"', '""', "a", "tuple()"],
    "SORTING_KEY": ["a", '"a, id"', "tuple()", "a,id", "value, a", "cityHash64(a)", '""', "sum(a)", "uniqMerge(a)",
                    "lower(name)", "visits", "no_such", "`a`", "(a, id)"],
    "PRIMARY_KEY": ["a", '"a"'],
    "SAMPLING_KEY": ["a", "cityHash64(a)"],
    "TTL": ["ts + INTERVAL 1 DAY", '"toDateTime(ts) + toIntervalDay(90)"', '""', ""],
    "SETTINGS": ["index_granularity=32", "a = 1, b = 2"],
    "VER": ["v", "ts", "no_such", '""'],
    "IS_DELETED": ["is_deleted", "no_such"],
    "SIGN": ["sign", "no_such"],
    "VERSION": ["v"],
    "COLUMNS": ["total", "a, total"],
    "FOO": ["a"],
    "JOIN_STRICTNESS": ["ANY"],
}
INDEXES = ["i a TYPE minmax", "INDEX i a TYPE minmax", "i lower(a) TYPE bloom_filter(0.01) GRANULARITY 4",
           "i a TYPE set(100) GRANULARITY 1,", "i (a, b) TYPE ngrambf_v1(3, 256, 2, 0)", "index i a TYPE minmax",
           "i a type minmax", "i a TYPE", "i TYPE minmax", "a", "i a TYPE minmax GRANULARITY x", "INDEX_i a TYPE minmax",
           "Idx a TYPE minmax", "i a TYPE tokenbf_v1(256, 2, 0) GRANULARITY 4", "i a TYPE foo TYPE bar", "# c",
           "i a TYPE minmax # c", "i a TYPE set(*)", "i a TYPE full_text('x')", "i a TYPE minmax GRANULARITY",
           "i  a  TYPE  minmax", "DEX i a TYPE minmax"]
SQLS = ["SELECT 1", "SELECT *\n    FROM t", "%\n    SELECT {{Int32(n, 1)}}", "SELECT a # b\n    FROM t",
        "SELECT '\n  x'", "SELECT 1\n\n\n    FROM t\n    # c", "", "% {{ x", "SELECT {{ a }}", "SELECT 1 -- c",
        "%", "    SELECT 1\n  FROM t\n      WHERE 1", "\tSELECT 1\n\tFROM t", "# c\n    SELECT 1", "-- c\n SELECT 1",
        "SELECT 'é😀'", "WITH a AS (SELECT 1)\n    SELECT * FROM a   ", "%SELECT 1", "  %  \n   SELECT 2",
        "TYPE endpoint", "SELECT 1\n    TYPE endpoint", "SELECT \"a\n    FROM t", "SELECT 1\r\n    FROM t"]
BLOCK_HEADS = [" >"] * 12 + [">", " > text", " >  ", " >\t", " > # c", " >>", "  >", " '>'", ""]
TOKENS = ["t READ", "t APPEND", '"a b" READ', "'t' read", "t append", "t CREATE", "t", "t READ x", "t READ # c",
          '"t" "READ"', "READ", "", "t,READ", "a b READ", '"a b READ"', "t READ APPEND", "t  READ"]
TAGS = ["a", "a,b", "a, b , c", '"a, b"', "k=v", "a,k=v", "k=v,l=w", ",", "a,,b", "=", "k=", "=v", "'a b', c", "k=v=w",
        "a b", "k = v", '""', ""]
SCHEDULES = ["@on-demand", "@once", "@auto", "* * * * *", "0 7 * * *", "*/5 * * * * *", "@daily", "@hourly", "daily",
             "'@on-demand'", "61 * * * *", "* * * *", '{{ tb_secret("k") }}', "@yearly", "0 0 * * MON", "0 0 L * *",
             "0 0 1-5/2 JAN,feb 0-6", "@ON-DEMAND", "a b c d e", "@reboot", "0 0 31 2 *", "* * * * 8", "R R * * *",
             "0 0 * * 7", "", "1,2,3 * * * *", "0 0 * * 5#2", "0 0 * * L5", "@midnight", "*/0 * * * *", "5-1 * * * *"]
DATASOURCE_VALUES = {
    "KAFKA_CONNECTION_NAME": ["c", '"c"'], "KAFKA_TOPIC": ["t", "'a b'"], "KAFKA_GROUP_ID": ["g", '""', ""],
    "KAFKA_AUTO_OFFSET_RESET": ["earliest", "latest", "none", "foo"], "KAFKA_STORE_RAW_VALUE": ["True", "x"],
    "KAFKA_STORE_HEADERS": ["true"], "KAFKA_KEY_FORMAT": ["avro", "json_with_schema"], "KAFKA_VALUE_FORMAT": ["json"],
    "KAFKA_STORE_BINARY_HEADERS": ["true"], "KAFKA_KEY_AVRO_DESERIALIZATION": ["x"], "KAFKA_TARGET_PARTITIONS": ["auto"],
    "IMPORT_CONNECTION_NAME": ["c"], "IMPORT_BUCKET_URI": ["s3://b/*.csv", "gs://b/x"], "IMPORT_SCHEDULE": SCHEDULES,
    "IMPORT_FORMAT": ["CSV", "ndjson", "parquet", "foo"], "IMPORT_STRATEGY": ["append"], "IMPORT_SERVICE": ["s3", "x"],
    "IMPORT_FROM_TIMESTAMP": ["2024-01-01T00:00:00Z", "2024", "x"], "IMPORT_EXTERNAL_DATASOURCE": ["x"],
    "IMPORT_QUERY": ["SELECT 1", '"SELECT 1"'], "IMPORT_TABLE_ARN": ["arn:x"], "IMPORT_EXPORT_BUCKET": ["b"],
    "PG_CONNECTION_NAME": ["c"], "PG_TABLE": ["t"], "BACKFILL": ["skip", "SKIP", "'skip'", "run", ""],
    "PARTITION_KEY": ["a"], "SORTING_KEY": ["a"], "PRIMARY_KEY": ["a"], "SAMPLING_KEY": ["a"], "TTL": ["a"],
    "INCLUDE": ["x.incl"], "SOURCE": ["a"], "VERSION": ["1", "x"], "SHARED_WITH": ["a", "a, b", "a b", '"a", b', "", ","],
    "SETTINGS": ["a=1"], "INDICES": ["x"], "MAINTAINER": ["m"], "FROM": ["t"], "NODE": ["n"], "SQL": ["SELECT 1"],
    "DEPLOYMENT_METHOD": ["alter"], "FOO": ["a"], "ENGINE_FULL": ["MergeTree"], "SCHEMA": ["a Int32"],
    "INDEXES": ["i a TYPE minmax"], "FORWARD_QUERY": ["SELECT a"], "TYPE": ["endpoint"],
}
NODE_VALUES = {
    "TYPE": ["endpoint", "ENDPOINT", "Endpoint", "materialized", "copy", "sink", "stream", "standard", "default", '"copy"',
             "foo", "", "copy # c"],
    "DATASOURCE": ["mv", '"mv"', ""], "TARGET_DATASOURCE": ["t"], "COPY_SCHEDULE": SCHEDULES,
    "COPY_MODE": ["append", "replace", "APPEND", "x", '"replace"'], "MODE": ["append"], "mode": ["replace"],
    "ON_DEMAND_COMPUTE": ["true", "yes", "1", "false", "no", "x"], "DEPLOYMENT_METHOD": ["alter", "ALTER", "x"],
    "FILTER": ["a = 1"], "INCLUDE": ["x"], "VERSION": ["1"], "EXPORT_SERVICE": ["kafka", "s3"], "SQL": ["SELECT 1"],
    "EXPORT_CONNECTION_NAME": ["c"], "EXPORT_SCHEDULE": SCHEDULES, "EXPORT_BUCKET_URI": ["s3://b"],
    "EXPORT_FILE_TEMPLATE": ["{a}/{8}", '"{timestamp, \'%Y\'}"'], "EXPORT_FORMAT": ["csv", "ndjson", "foo"],
    "EXPORT_COMPRESSION": ["gz", "None"], "EXPORT_WRITE_STRATEGY": ["new"], "EXPORT_STRATEGY": ["@new", "x"],
    "EXPORT_KAFKA_TOPIC": ["t"], "ENGINE": ["MergeTree"], "CACHE": ["1"], "ENGINE_SORTING_KEY": ["a"], "FOO": ["x"],
    "SCHEMA": ["a Int32"], "FROM": ["t"], "MAINTAINER": ["x"],
}
NODE_KINDS = {
    "endpoint": [], "materialized": ["DATASOURCE"], "copy": ["TARGET_DATASOURCE", "COPY_SCHEDULE", "COPY_MODE"],
    "sink": ["EXPORT_CONNECTION_NAME", "EXPORT_SCHEDULE", "EXPORT_BUCKET_URI", "EXPORT_FILE_TEMPLATE", "EXPORT_FORMAT"],
    "Sink": ["EXPORT_CONNECTION_NAME", "EXPORT_SCHEDULE", "EXPORT_KAFKA_TOPIC"], "standard": [], "stream": [],
}
CONNECTION_VALUES = {
    "TYPE": ["kafka", "KAFKA", "s3", "gcs", "dynamodb", "postgres", "foo", '"kafka"', ""],
    "KAFKA_BOOTSTRAP_SERVERS": ["h:9092", "a:1,b:2"], "KAFKA_KEY": ["k", '{{ tb_secret("k") }}', "a#b"],
    "KAFKA_SECRET": ["s", '{{ tb_secret("hash", "d") }}'], "KAFKA_SECURITY_PROTOCOL": ["SASL_SSL", "x"],
    "KAFKA_SASL_MECHANISM": ["PLAIN", "scram-sha-256"], "KAFKA_SASL_OAUTHBEARER_METHOD": ["AWS"],
    "KAFKA_SASL_OAUTHBEARER_AWS_REGION": ["r"], "KAFKA_SASL_OAUTHBEARER_AWS_ROLE_ARN": ["a"],
    "KAFKA_SASL_OAUTHBEARER_AWS_EXTERNAL_ID": ["e"], "KAFKA_SCHEMA_REGISTRY_URL": ["https://u:p@h"],
    "KAFKA_SSL_CA_PEM": ["pem", '{{ tb_secret("lines") }}'], "KAFKA_KEY_AVRO_DESERIALIZATION": ["x"],
    "S3_REGION": ["r"], "S3_ARN": ["a"], "S3_ACCESS_KEY": ["k"], "S3_SECRET": ["s"],
    "GCS_SERVICE_ACCOUNT_CREDENTIALS_JSON": ['{"a": 1}', "'{\"a\": [1, \"x\"]}'", "{", "[1]", '"x"', '{{ tb_secret("k") }}',
                                             "{'a': 1}", "5", "{\"a\":  1.50}", '""'],
    "GCS_HMAC_ACCESS_ID": ["i"], "GCS_HMAC_SECRET": ["s"], "GCS_ACCESS_ID": ["i"], "GCS_SECRET": ["s"],
    "DYNAMODB_ARN": ["a"], "DYNAMODB_REGION": ["r"], "PG_HOST": ["h"], "PG_PORT": ["5432"], "PG_DATABASE": ["d"],
    "PG_USER": ["u"], "PG_PASSWORD": ["p"], "PG_SSL_MODE": ["require"], "INCLUDE": ["x"], "FOO": ["x"], "NODE": ["n"],
    "SCHEMA": ["a Int32"], "TOKEN": ["t READ"], "TAGS": ["a"], "VERSION": ["1"],
}


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, items):
        return self.random.choice(items)

    def chance(self, p):
        return self.random.random() < p

    def case(self, number):
        kind = self.random.choices(["datasource", "pipe", "connection"], [5, 4, 2])[0]
        # Most files are fine but for one thing at most, so that errors can be compared.
        self.odd = self.pick([0, 0, 0, 0.03, 0.1, 0.3])
        text = {"datasource": self.datasource, "pipe": self.pipe, "connection": self.connection}[kind]()
        for _ in range(self.pick([0, 0, 0, 0, 1, 1, 1, 2, 4])):
            text = self.broken(text)
        return {"id": f"fuzz-{number}", "name": f"case.{kind}", "kind": kind, "content": text}

    def line(self, name, values):
        """A directive on one line, mostly with one of its own values."""
        if self.chance(self.odd / 2):
            name = self.pick([name.lower(), name.title(), " " + name, name + ">", name[:-1], "\t" + name])
        if self.chance(self.odd):
            values = WORDS
        value = self.pick(values)
        if self.chance(self.odd / 3):
            value += " " + self.pick(WORDS)
        if self.chance(self.odd / 3) and "\n" not in value:
            return f"{name} >\n    {value}\n"
        return f"{name}{self.pick([' '] * 8 + ['  ', chr(9)])}{value}{self.pick(['', '', '', ' ', ' # note'])}\n"

    def head(self):
        return self.pick(BLOCK_HEADS) if self.chance(self.odd) else " >"

    def block(self, name, lines):
        indent = self.pick(["    ", "    ", "  ", "\t"]) if not self.chance(self.odd) else self.pick(["", " ", "      "])
        out = f"{name}{self.head()}\n"
        for line in lines:
            if self.chance(self.odd / 2):
                out += self.pick(["\n", "# c\n", "   # c\n", "-- c\n", "   \n"])
            out += f"{indent}{line}\n"
        return out

    def description(self):
        if self.chance(0.5):
            return self.line("DESCRIPTION", ["text", "Some words  here", "'quoted'", '"a" b', "", "it's", "a # b", "#"])
        return self.block("DESCRIPTION", [self.pick(["text", "two words", "  more", "'q'", "# c", "a # b"])
                                          for _ in range(self.random.randint(0, 3))])

    def column(self, name):
        if self.chance(self.odd):
            name = self.pick(NAMES)
        if self.chance(0.3) and "`" not in name:
            name = f"`{name}`"
        parts = [self.pick(BAD_TYPES) if self.chance(self.odd) else self.pick(TYPES)]
        if self.chance(0.5):
            path = self.pick(PATHS) if self.chance(self.odd) else self.pick(PATHS[:5])
            parts.insert(self.pick([0, 1, 1, 1, 1, 1]), path)
        if self.chance(0.25):
            values = BAD_DEFAULTS if self.chance(self.odd) else DEFAULTS
            parts.append(self.pick(["DEFAULT", "DEFAULT", "default"]) + " " + self.pick(values))
        if self.chance(0.15):
            parts.append(self.pick(["CODEC(ZSTD(1))", "CODEC(Delta, LZ4)", "codec(ZSTD)"]))
        if self.chance(self.odd / 2):
            self.random.shuffle(parts)
        if self.chance(self.odd / 2):
            parts.pop()
        if self.chance(self.odd / 3):
            parts.insert(0, self.pick(["INDEX", "NOT NULL", "NULL", "PRIMARY KEY", "TTL a", "`x`", "CODEC", "DEFAULT"]))
        return self.pick([" "] * 6 + ["  ", "\n      "]).join([name, *parts])

    def schema(self):
        count = self.random.randint(0 if self.chance(self.odd) else 1, 5)
        columns = [self.column(name) for name in self.random.sample(PLAIN_NAMES, count)]
        if self.chance(0.6):
            columns += ["v UInt32", "is_deleted UInt8", "sign Int8", "total Int64"]
        end = lambda: self.pick([","] * 8 + [" ,", ", -- c"] + (["", ",,", ", # c"] if self.chance(self.odd) else []))
        lines = [c + end() for c in columns[:-1]] + [c + self.pick(["", "", "", ",", " -- c"]) for c in columns[-1:]]
        if self.chance(0.1):
            lines = [" ".join(lines)]
        return self.block("SCHEMA", lines)

    def engine(self):
        engine = self.pick(ENGINES if self.chance(self.odd) else ENGINES[:10])
        out = self.line("ENGINE", [engine])
        chosen = self.random.sample(sorted(ENGINE_OPTIONS), self.random.randint(0, 4))
        needed = {"C": ["SIGN"], "V": ["SIGN", "VERSION"]}.get(engine[:1], []) + ["SORTING_KEY"]
        for option in dict.fromkeys([*chosen, *(n for n in needed if not self.chance(self.odd))]):
            if option in ("FOO", "JOIN_STRICTNESS") and not self.chance(self.odd):
                continue
            values = ENGINE_OPTIONS[option]
            out += self.line(f"ENGINE_{option}", values if self.chance(self.odd * 2) else values[:2])
        return out

    def some(self, table, names, least):
        return "".join(self.line(n, table[n]) for n in names if self.chance(least))

    def datasource(self):
        items = [self.schema()] if not self.chance(self.odd / 3) else []
        if self.chance(0.6):
            items.append(self.engine())
        if self.chance(0.4):
            items.append(self.description())
        if self.chance(0.3):
            items.append(self.line("TOKEN", TOKENS if self.chance(self.odd) else TOKENS[:5]))
        if self.chance(0.2):
            items.append(self.line("TAGS", TAGS))
        if self.chance(0.2):
            lines = [self.pick(INDEXES if self.chance(self.odd) else INDEXES[:5]) for _ in range(self.random.randint(0, 3))]
            items.append(self.block("INDEXES", lines))
        if self.chance(0.1):
            items.append(self.block("SHARED_WITH", [self.pick(["a", "a,", "a, b", "w_1", ",", "# c"])]))
        if self.chance(0.15):
            items.append(self.block("FORWARD_QUERY", self.pick(SQLS).split("\n")))
        names = list(DATASOURCE_VALUES)
        group = self.pick([names[:8], names[11:15], names[20:22], names[22:24], names[24:25], [], [], [], []])
        items.append(self.some(DATASOURCE_VALUES, group, 0.8))
        if self.chance(self.odd * 2):
            items.append(self.line(*self.entry(DATASOURCE_VALUES)))
        return self.joined(items)

    def entry(self, table):
        name = self.pick(list(table))
        return name, table[name]

    def node(self, name, kinds):
        out = self.line("NODE", ["", "a b", "1", "n", '"n"'] if self.chance(self.odd) else [name])
        items = []
        if self.chance(0.2):
            items.append(self.description())
        if not self.chance(self.odd / 2):
            sql = self.pick(SQLS) if self.chance(self.odd) else self.pick(SQLS[:5])
            items.append(self.block("SQL", sql.split("\n")))
        kind = self.pick(kinds)
        if kind:
            directives = NODE_KINDS[kind]
            items.append(self.line("TYPE", [kind]) + self.some(NODE_VALUES, directives, 0.95))
        if self.chance(self.odd):
            items.append(self.line(*self.entry(NODE_VALUES)))
        return out + self.joined(items)

    def pipe(self):
        items = []
        if self.chance(0.3):
            items.append(self.description())
        if self.chance(0.3):
            items.append(self.line("TOKEN", TOKENS if self.chance(self.odd) else ["t READ", '"a b" read']))
        if self.chance(0.2):
            items.append(self.line("TAGS", TAGS))
        if self.chance(self.odd):
            items.append(self.line(*self.entry(NODE_VALUES)))
        for name in ["m", '"two"'][: self.random.randint(0, 2)]:
            kinds = list(NODE_KINDS) if self.chance(self.odd) else ["", "", "standard"]
            items.append(self.node(name, kinds))
        items.append(self.node("n", ["", *NODE_KINDS]))
        return "\n".join(items) if self.chance(0.7) else "".join(items)

    def connection(self):
        names = list(CONNECTION_VALUES)
        group = self.pick([names[1:11], names[13:17], names[17:20], names[20:22], names[22:24], names[24:30]])
        items = [self.line("TYPE", CONNECTION_VALUES["TYPE"])] if not self.chance(self.odd) else []
        items.append(self.some(CONNECTION_VALUES, group, 0.6))
        if self.chance(0.2):
            items.append(self.description())
        if self.chance(0.1):
            items.append(self.block("KAFKA_SSL_CA_PEM", ["-----BEGIN", "  x = 1", "# c", "-----END"]))
        if self.chance(self.odd * 2):
            items.append(self.line(*self.entry(CONNECTION_VALUES)))
        return self.joined(items)

    def joined(self, items):
        items = [i for i in items if i]
        self.random.shuffle(items)
        if self.chance(self.odd) and items:
            items.append(self.pick(items))
        if self.chance(self.odd):
            items.insert(self.random.randint(0, len(items)), self.pick(["# comment\n", "\n", "  # c\n", "text\n", "-- c\n"]))
        return "\n".join(items) if self.chance(0.7) else "".join(items)

    def broken(self, text):
        """Changes a text in one place."""
        lines = text.split("\n")
        at = self.random.randrange(len(lines))
        place = self.random.randint(0, len(text))
        return self.pick([
            lambda: "\n".join(lines[:at] + lines[at + 1:]),
            lambda: "\n".join(lines[:at] + [lines[at], *lines[at:]]),
            lambda: "\n".join(lines[:at] + [self.pick(["  ", "\t", " "]) + lines[at]] + lines[at + 1:]),
            lambda: "\n".join(lines[:at] + [lines[at].lstrip()] + lines[at + 1:]),
            lambda: "\n".join(lines[:at] + [lines[at].swapcase()] + lines[at + 1:]),
            lambda: "\n".join(lines[:at] + [self.pick(WORDS)] + lines[at:]),
            lambda: "\n".join(lines[:at] + [" ".join(lines[at:at + 2])] + lines[at + 2:]),
            lambda: text[:place] + text[place + 1:],
            lambda: text[:place] + self.pick(list(" \t\n'\"`#>,()[]{}%\\$=-") + ["é", "\u00a0", "--", "{{", "}}"]) + text[place:],
            lambda: text[:place],
            lambda: text.replace("\n", self.pick(["\r\n", "\r"])),
            lambda: text + self.pick(["\n\n", "  ", "\t", "x", "# end"]),
        ])()


# What of ours answers a text of the reference that is worded in another way: (theirs, ours).
REWORDED = [
    # A value that is missing, or a failure of the reference itself.
    (r"Validation error, found |Unexpected error: (?!Expecting|Extra)", r""),
    (r"Unexpected error: (Expecting|Extra)", r".* is not JSON"),
    (r"Missing (datasource name|sql query) for pipe creation", r".* has no value|Empty query|.*missing: "),
    (r"Missing node name", r".* has no value|Empty query"),
    (r".* (missing|parameters): \[.*'sql'.*\]", r"Empty query"),
    (r"ENGINE_VER column '(.*)' cannot be", r"ENGINE_VER column|Invalid value '.*' for parameter 'engine_ver'"),
    (r"Sink node .* has unrecognized export parameters", r"Sink node .* is missing required parameters"),
    (r"Invalid permission", r"The token name is empty"),
    (r"SETTINGS option is not allowed", r"SETTINGS option is not allowed"),
    (r"KAFKA_KEY_AVRO_DESERIALIZATION is not", r"KAFKA_KEY_AVRO_DESERIALIZATION has been deprecated"),
    (r"include is not", r"INCLUDE is not"),
    # Tags that are malformed; words that Python makes up.
    (r"Missing end |unknown operator|Empty |Missing \{%", r"Missing end |unknown operator|Empty |Missing \{%"),
    (r".*(never closed|unmatched|invalid syntax|unterminated|closing parenthesis|cannot |Perhaps|illegal|invalid )",
     r".*(never closed|unmatched|invalid |unexpected|unterminated|closing parenthesis|cannot |illegal)"),
    (r".*Error rendering template with secrets", r".*Error rendering template with secrets"),
    # A quote that is never closed makes a word of the line, not always of the same piece of it.
    (r"(?s)['\"].* is not a valid option", r"(?s).* is not a valid option"),
    (r"Invalid node ''.{60}", r"Invalid node '.*…"),
    # Lines that are wrong for two reasons.
    (r".* has been deprecated|\S+ must be called after", r".* does not support multiline|Pipe data file must"),
    (r".* is not an allowed value for DEPLOYMENT_METHOD", r".*deployment_method"),
    (r"Multiple non-standard nodes", r"Invalid node |Node .* is defined more than once"),
    (r"include is not", r"INCLUDE does not support multiline"),
    # A block with a mark that is none.
    (r"Column name and either|Invalid INDEX syntax|Column name contains", r"\S+ must be multiline"),
]


def accepted(got, *codes):
    """Whether ours refuses for these reasons only."""
    errors = got.get("errors", [got])
    return not got["ok"] and all(re.match("|".join(codes), e.get("code", "") + ": " + e["error"]) for e in errors)


def refuses(want, pattern):
    return re.match(pattern, want.get("error", ""))


def has(case, pattern):
    return re.search(pattern, case["content"].replace("\r", "\n"))


# What differs, and why that is right: (name, test of the case, what is wanted, what we say).
KNOWN = [
    ("schedules with L5, 15W, R or a year are refused",
     lambda case, want, got: want["ok"] and accepted(got, "datafile/(invalid-schedule|empty-query|duplicate-node)")),
    ("found here already, by the original when it makes the table or the pipe",
     lambda case, want, got: want["ok"] and accepted(
         got, "datafile/(duplicate-node|duplicate-column|invalid-engine|empty-query|invalid-name|invalid-json-path)",
         ".*Index .* more than once", ".*which is not a column", ".*has no value", ".*(copy|materialized) node params",
         ".*Precision is mandatory", ".*Expected (closing|a number|a column name)", ".*Missing node name",
         ".*Index type", ".*Invalid INDEX syntax", ".*KAFKA_KEY_AVRO_DESERIALIZATION")),
    ("labels without a text are dropped",
     lambda case, want, got: "" in (want.get("tags") or []) and agrees(
         {**want, "tags": [tag for tag in want["tags"] if tag] or None}, got)),
    ("operational tags behind a node are no attribute of it",
     lambda case, want, got: refuses(want, r".*attribute \(tags\)|.*parameter 'tags'")),
    ("TAGS, IMPORT_QUERY and the keys without effect may be blocks",
     lambda case, want, got: refuses(want, "(TAGS|IMPORT_QUERY|(PRIMARY|SORTING|PARTITION|SAMPLING)_KEY|TTL) does not support multiline")),
    ("of the settings of two connectors those of the first are checked",
     lambda case, want, got: refuses(want, "Some .* params have been|Invalid import schedule")
     and len([p for p in (r"(?im)^\s*KAFKA_", r"(?im)^\s*PG_", r"(?im)^\s*IMPORT_") if has(case, p)]) > 1),
    ("a comment in a tag is a mistake",
     lambda case, want, got: has(case, r"\{[{%][^}]*#") and not got["ok"] and got["error"] == "invalid syntax"),
    ("variables stay in names of nodes, too",
     lambda case, want, got: has(case, r"(?im)^\s*node\s+\$\{?HOME")),
    ("sorting keys are only checked when the schema is fine",
     lambda case, want, got: refuses(want, "Sorting key contains") and any(
         e.get("code") == "datafile/invalid-column" for e in got.get("errors", [got]))),
    ("directives that are ignored may not be blocks",
     lambda case, want, got: want["ok"] and accepted(got, ".* does not support multiline", ".*which is not a column")),
    ("a SQL block without text counts only when it is the last one",
     lambda case, want, got: refuses(want, "Missing sql query|Validation error, found TYPE")
     and has(case, r"(?ims)^\s*sql\s.*^\s*sql\s")),
    ("the permission of a token may be quoted",
     lambda case, want, got: refuses(want, "Invalid permission: ['\"](READ|APPEND)")),
    ("a blank between a JSON path and the comma is fine, and a type behind a default and the path",
     lambda case, want, got: refuses(want, "Unexpected TYPE after JSONPATH")
     and has(case, r"`(?i:json):[^`]*`\s+(--[^\n]*\s*)*,|(DEFAULT|default|CODEC|codec)[^`]*`(?i:json):[^`]*`\s")),
    ("several materialized nodes in one pipe are fine",
     lambda case, want, got: refuses(want, "Multiple non-standard nodes") and got["ok"]),
    ("types inside of Nested are checked by the engine",
     lambda case, want, got: refuses(want, "Unknown data type family") and "Nested(" in case["content"]),
    ("a line that is removed from the language ends a block, too",
     lambda case, want, got: has(case, r"(?im)^KAFKA_KEY_AVRO") and not got["ok"]),
    ("`--` in a text of a default is no comment",
     lambda case, want, got: (want["ok"] or want["exception"] == "SchemaSyntaxError") and has(case, r"'[^'\n]*--")),
    ("the word INDEX is removed from the name of an index, not its letters",
     lambda case, want, got: want["ok"] and got["ok"] and has(case, r"(?m)^\s*(DEX|Idx|INDEX_)")),
    ("operators, escapes, brackets, braces and comments are fine in a column",
     lambda case, want, got: refuses(want, r"Invalid character|Expected closing|Column name contains invalid character '[],]'")
     and has(case, r"\|\||\\'|\[|\{|\}|#")),
    ("a no-break space is a blank",
     lambda case, want, got: "\u00a0" in case["content"]),
    ("comments and empty lines are fine between indexes",
     lambda case, want, got: refuses(want, "Invalid INDEX syntax") and has(case, r"(?m)^\s*--")),
    ("types that libchdb has and the reference does not know; functions of states that the engine will refuse",
     lambda case, want, got: refuses(want, "Unknown data type family: (BFloat16|Dynamic|Variant|Time)|Error parsing type: ")),
]


def agrees(want, got):
    if want["ok"] != got["ok"]:
        return False
    if not want["ok"]:
        return same_error(want["error"], got) or both_about_the_schema(want, got)
    if want["warnings"] and not got["warnings"]:
        return False
    return understood(want) == understood(got)


def understood(result):
    """A result without what may differ: warnings, line ends inside of columns, blanks in tags."""
    result = {k: v for k, v in result.items() if k not in ("id", "warnings")}
    for node in result["nodes"]:
        for part in [node, *node.get("columns", [])]:
            if isinstance(part.get("on_demand_compute"), str):
                part["on_demand_compute"] = part["on_demand_compute"].lower() in ("true", "yes", "1")
            if "tags" in part:
                part["tags"] = re.sub(r"\s*([=&])\s*", r"\1", part["tags"]).strip()
            for key in ("schema", "type", "default_value", "codec"):
                if isinstance(part.get(key), str):
                    part[key] = " ".join(part[key].split())
    return result


def same_error(want, got):
    """Whether the error of the reference, which stops at its first one, is among ours."""
    ours = [error["error"] for error in got.get("errors", [got])]
    if normal(want) in map(normal, ours):
        return True
    return any(re.match(our, text) for theirs, our in REWORDED if re.match(theirs, want) for text in ours)


def both_about_the_schema(want, got):
    """Whether both find the columns wrong, one of them perhaps at the next word."""
    codes = [error.get("code") for error in got.get("errors", [got])]
    return want["exception"] == "SchemaSyntaxError" and bool(
        {"datafile/invalid-column", "datafile/invalid-type"}.intersection(codes))


def normal(message):
    """A message without what may differ: the case of unknown directives, guesses, the order of lists."""
    if message.endswith(" files."):
        return message.upper()
    message = message.replace('"', "'").replace("\\\\", "\\")
    in_order = lambda found: ", ".join(sorted(found[0].strip("[]").split(", ")))
    return re.sub(r"\[.*\]", in_order, re.sub(r" Maybe you meant.*", "", message))


def group(want, got):
    word = {True: "accepts", False: "refuses"}
    if want["ok"] and got["ok"]:
        fields = [k for k in want if k not in ("id", "warnings") and want[k] != got.get(k)]
        return f"both accept, {', '.join(fields) or 'warnings'} differ"
    if not want["ok"] and not got["ok"]:
        return "both refuse, other words: " + shape(want["error"])
    text = want if not want["ok"] else got
    return f"reference {word[want['ok']]}, ours {word[got['ok']]}: {shape(text['error'])}"


def shape(message):
    """A message without what it names, to group by."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "_", message.split("\n")[0])[:70]


def main():
    options = reference.arguments(__doc__.split("\n")[0])
    cases = reference.cases(options, Generator(options.seed))
    wanted, got = reference.answers(options, cases, ["--batch", "--compact", *SECRETS_GIVEN], ["datafile", "--batch", *SECRETS_GIVEN])
    different = collections.defaultdict(list)
    known = []
    for case, want, have in zip(cases, wanted, got, strict=True):
        if agrees(want, have):
            continue
        reason = next((name for name, test in KNOWN if test(case, want, have)), None)
        if reason:
            known.append(reason)
        else:
            different[group(want, have)].append((case["content"], {"kind": case["kind"]}, want, have))
    outcomes = collections.Counter("accepted" if want["ok"] else "refused" for want in wanted)
    return reference.report(options, different, known, outcomes)


if __name__ == "__main__":
    sys.exit(main())
