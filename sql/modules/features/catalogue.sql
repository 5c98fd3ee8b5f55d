-- The catalogue of the feature store: entities, views and their versions, services. All of it is user data.
CREATE TABLE quiver.feature_entity (
    name        text PRIMARY KEY,
    keys        text[] NOT NULL,
    types       text[] NOT NULL,
    description text,
    tags        jsonb NOT NULL DEFAULT '{}',
    owner       name NOT NULL DEFAULT current_user,
    created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE quiver.feature_entity IS 'entities of the feature store: what features are about, by join keys';

CREATE TABLE quiver.feature_view (
    name          text PRIMARY KEY,
    active        int NOT NULL,
    managed       boolean NOT NULL,
    history_schema text,
    history_table text,
    description   text,
    tags          jsonb NOT NULL DEFAULT '{}',
    owner         name NOT NULL DEFAULT current_user,
    created_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE quiver.feature_view IS
    'feature views and their active versions; managed ones have a history table of their own';

CREATE TABLE quiver.feature_view_version (
    view          text REFERENCES quiver.feature_view ON DELETE CASCADE,
    version       int,
    entities      text[] NOT NULL,
    keys          text[] NOT NULL,
    key_types     text[] NOT NULL,
    has_created   boolean NOT NULL,
    ttl           interval,
    on_tie        text NOT NULL CHECK (on_tie IN ('any', 'error')),
    source        text,
    source_table  text,
    definition    jsonb NOT NULL,
    view_schema   text NOT NULL,
    view_name     text NOT NULL,
    online_table  text,
    owner         name NOT NULL DEFAULT current_user,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (view, version)
);
COMMENT ON TABLE quiver.feature_view_version IS
    'versions of feature views, immutable; each is also the SQL view that view_schema and view_name say';

CREATE TABLE quiver.feature_column (
    view        text,
    version     int,
    position    int,
    name        text NOT NULL,
    type        text NOT NULL,
    expression  text NOT NULL,
    -- Of a window feature: the aggregate and its argument (a fraction, a number), the width, the bound.
    agg         text,
    argument    float8,
    width       interval,
    bound       text CHECK (bound IN ('[)', '(]')),
    PRIMARY KEY (view, version, position),
    UNIQUE (view, version, name),
    FOREIGN KEY (view, version) REFERENCES quiver.feature_view_version ON DELETE CASCADE
);
COMMENT ON TABLE quiver.feature_column IS
    'features of each version of a feature view; those with agg are sliding windows';

CREATE TABLE quiver.feature_service (
    name        text PRIMARY KEY,
    active      int NOT NULL,
    description text,
    tags        jsonb NOT NULL DEFAULT '{}',
    owner       name NOT NULL DEFAULT current_user,
    created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE quiver.feature_service IS 'feature services and their active versions';

CREATE TABLE quiver.feature_service_version (
    service    text REFERENCES quiver.feature_service ON DELETE CASCADE,
    version    int,
    features   text[] NOT NULL,
    full_names boolean NOT NULL,
    inputs     jsonb NOT NULL,
    owner      name NOT NULL DEFAULT current_user,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service, version)
);
COMMENT ON TABLE quiver.feature_service_version IS
    'versions of feature services, immutable: features as asked for, request inputs with their types';

CREATE TABLE quiver.feature_service_member (
    service      text,
    version      int,
    position     int,
    view         text NOT NULL,
    view_version int NOT NULL,
    alias        text NOT NULL,
    spine_keys   text[] NOT NULL,
    features     text[] NOT NULL,
    outputs      text[] NOT NULL,
    PRIMARY KEY (service, version, position),
    FOREIGN KEY (service, version) REFERENCES quiver.feature_service_version ON DELETE CASCADE,
    FOREIGN KEY (view, view_version) REFERENCES quiver.feature_view_version
);
COMMENT ON TABLE quiver.feature_service_member IS
    'what a service version is made of: versions of views, pinned when it was made';

CREATE TABLE quiver.feature_transform (
    service     text,
    version     int,
    position    int,
    name        text NOT NULL,
    type        text NOT NULL,
    expression  text NOT NULL,
    function    text NOT NULL,
    arguments   text[] NOT NULL,
    PRIMARY KEY (service, version, position),
    FOREIGN KEY (service, version) REFERENCES quiver.feature_service_version ON DELETE CASCADE
);
COMMENT ON TABLE quiver.feature_transform IS
    'request-time transforms of services; each is the SQL function that it names';

SELECT pg_catalog.pg_extension_config_dump('quiver.feature_entity', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_view', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_view_version', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_column', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_service', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_service_version', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_service_member', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_transform', '');
