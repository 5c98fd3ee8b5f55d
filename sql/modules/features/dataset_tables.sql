-- Datasets: what is recorded of each, so that it can be made again; and the runs that made things.
CREATE TABLE quiver.feature_dataset (
    name            text PRIMARY KEY,
    service         text,
    service_version int,
    options         jsonb NOT NULL,
    spine           text NOT NULL,
    spine_columns   text[] NOT NULL,
    target_schema   text NOT NULL,
    target_table    text NOT NULL,
    rows            bigint NOT NULL,
    spine_hash      text NOT NULL,
    content_hash    text NOT NULL,
    snapshot        pg_snapshot NOT NULL,
    own_xid         xid8 NOT NULL,
    exact           boolean NOT NULL,
    owner           name NOT NULL DEFAULT current_user,
    created_at      timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (service, service_version) REFERENCES quiver.feature_service_version
);
COMMENT ON TABLE quiver.feature_dataset IS
    'datasets: what was asked, the snapshot that was read, hashes; exact if all views are managed, so that replay is '
    'exact';

CREATE TABLE quiver.feature_dataset_member (
    dataset    text REFERENCES quiver.feature_dataset ON DELETE CASCADE,
    position   int,
    view       text NOT NULL,
    version    int NOT NULL,
    alias      text NOT NULL,
    spine_keys text[] NOT NULL,
    features   text[] NOT NULL,
    outputs    text[] NOT NULL,
    high_id    bigint,
    PRIMARY KEY (dataset, position),
    FOREIGN KEY (view, version) REFERENCES quiver.feature_view_version
);
COMMENT ON TABLE quiver.feature_dataset_member IS
    'versions of views in each dataset, with the highest ingestion id that it may have seen';

CREATE TABLE quiver.feature_run (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind       text NOT NULL CHECK (kind IN ('dataset', 'materialize')),
    name       text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    inputs     jsonb NOT NULL,
    outputs    jsonb NOT NULL,
    statistics jsonb NOT NULL,
    owner      name NOT NULL DEFAULT current_user
);
COMMENT ON TABLE quiver.feature_run IS 'runs that made datasets or filled online tables, with what they read and wrote';

SELECT pg_catalog.pg_extension_config_dump('quiver.feature_dataset', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_dataset_member', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_run', '');

CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON quiver.feature_dataset
    FOR EACH ROW EXECUTE FUNCTION quiver.feature_guard('owner');
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON quiver.feature_run
    FOR EACH ROW EXECUTE FUNCTION quiver.feature_guard('owner');
CREATE TRIGGER guard BEFORE UPDATE ON quiver.feature_dataset_member
    FOR EACH ROW EXECUTE FUNCTION quiver.feature_refuse_change();
