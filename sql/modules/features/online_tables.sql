-- The online store's records: where materialisation stands, what rows were refused, what is to be sent on.
CREATE TABLE quiver.feature_watermark (
    view      text,
    version   int,
    snapshot  pg_snapshot NOT NULL,
    high_id   bigint,
    until     timestamptz NOT NULL,
    cluster   bigint NOT NULL,
    -- The source's tables: itself, its partitions, its children.
    parts     oid[] NOT NULL,
    run_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (view, version),
    FOREIGN KEY (view, version) REFERENCES quiver.feature_view_version ON DELETE CASCADE
);
COMMENT ON TABLE quiver.feature_watermark IS
    'the snapshot that the last materialisation of a version took before it read, and the event time that it read up '
    'to';

CREATE TABLE quiver.feature_delivery (
    view   text PRIMARY KEY REFERENCES quiver.feature_view ON DELETE CASCADE,
    notify boolean NOT NULL,
    outbox boolean NOT NULL
);
COMMENT ON TABLE quiver.feature_delivery IS
    'whether pushes to a view are announced by NOTIFY quiver_feature, or written to the outbox';

CREATE TABLE quiver.feature_outbox (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    view    text NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid     xid8 NOT NULL DEFAULT pg_current_xact_id(),
    payload jsonb NOT NULL
);
COMMENT ON TABLE quiver.feature_outbox IS
    'pushed rows to be sent on: insert-only, with a primary key, so fit for logical decoding; '
    'quiver.feature_outbox_trim empties it';
COMMENT ON SEQUENCE quiver.feature_outbox_id_seq IS 'ids of quiver.feature_outbox';

CREATE TABLE quiver.feature_rule (
    view       text REFERENCES quiver.feature_view ON DELETE CASCADE,
    name       text,
    expression text NOT NULL,
    mode       text NOT NULL CHECK (mode IN ('block', 'quarantine', 'warn')),
    function   text NOT NULL,
    arguments  text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (view, name)
);
COMMENT ON TABLE quiver.feature_rule IS
    'what pushed rows of a managed view have to satisfy; each rule is the SQL function that it names';

CREATE TABLE quiver.feature_quarantine (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    view    text NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    rules   text[] NOT NULL,
    payload jsonb NOT NULL
);
COMMENT ON TABLE quiver.feature_quarantine IS
    'pushed rows that failed a rule of mode quarantine, with the rules that they failed';
COMMENT ON SEQUENCE quiver.feature_quarantine_id_seq IS 'ids of quiver.feature_quarantine';

CREATE TABLE quiver.feature_rule_result (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    view   text NOT NULL,
    rule   text NOT NULL,
    mode   text NOT NULL,
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    rows   bigint NOT NULL,
    failed bigint NOT NULL
);
COMMENT ON TABLE quiver.feature_rule_result IS
    'for each push or validation in which a rule failed: how many rows there were and how many failed';
COMMENT ON SEQUENCE quiver.feature_rule_result_id_seq IS 'ids of quiver.feature_rule_result';

CREATE TABLE quiver.feature_serving_log (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service  text NOT NULL,
    version  int NOT NULL,
    at       timestamptz NOT NULL,
    request  jsonb NOT NULL,
    response jsonb NOT NULL
);
COMMENT ON TABLE quiver.feature_serving_log IS
    'requests that quiver.feature_serve answered and sampled, for quiver.feature_check_skew';
COMMENT ON SEQUENCE quiver.feature_serving_log_id_seq IS 'ids of quiver.feature_serving_log';
CREATE INDEX feature_serving_log_at ON quiver.feature_serving_log (service, at);

SELECT pg_catalog.pg_extension_config_dump('quiver.feature_watermark', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_delivery', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_outbox', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_outbox_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_rule', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_quarantine', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_quarantine_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_rule_result', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_rule_result_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_serving_log', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_serving_log_id_seq', '');
