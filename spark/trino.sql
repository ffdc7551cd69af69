-- The tables of a state folder and of the job's answers, and the query of use, for Trino. Made by spark/athena.py; do not edit.
-- Put your bucket's places for s3://YOUR-BUCKET/…; partitions are found by CALL system.sync_partition_metadata('trailtrim', '<table>', 'FULL').

CREATE TABLE stored_event_actions (
    event_time_ms bigint,
    event_id varchar,
    account varchar,
    region varchar,
    event_source varchar,
    event_name varchar,
    event_category varchar,
    read_only boolean,
    principal_key varchar,
    principal_arn varchar,
    principal_type varchar,
    principal_account varchar,
    action varchar,
    resource_arn varchar,
    arn_provenance varchar,
    resource_type varchar,
    derived boolean,
    outcome varchar,
    error_code varchar,
    denied_effect varchar,
    denied_policy_type varchar,
    denied_policy_arn varchar,
    context_class varchar,
    call_key varchar,
    side varchar,
    date varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/state/event_actions/',
    partitioned_by = ARRAY['date']
);

CREATE TABLE stored_events (
    event_time_ms bigint,
    event_id varchar,
    account varchar,
    region varchar,
    event_source varchar,
    event_name varchar,
    event_type varchar,
    event_category varchar,
    read_only boolean,
    error_code varchar,
    error_message varchar,
    outcome varchar,
    request_id varchar,
    shared_event_id varchar,
    replaces varchar,
    principal_key varchar,
    principal_arn varchar,
    principal_type varchar,
    principal_account varchar,
    session_name varchar,
    source_identity varchar,
    access_key_id varchar,
    issued_access_key_id varchar,
    session_policy varchar,
    session_policy_arns varchar,
    invoked_by varchar,
    mfa_authenticated boolean,
    assumed_root boolean,
    signed_in boolean,
    mfa_used boolean,
    source_ip varchar,
    user_agent varchar,
    vpc_endpoint_id varchar,
    tls_version varchar,
    context_json varchar,
    mapping varchar,
    source_file varchar,
    record_index bigint,
    date varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/state/events/',
    partitioned_by = ARRAY['date']
);

CREATE TABLE grant_changes (
    event_time_ms bigint,
    event_id varchar,
    account varchar,
    event_name varchar,
    target_kind varchar,
    target_name varchar,
    target_arn varchar,
    target_id varchar,
    policy_name varchar,
    policy_arn varchar,
    document varchar,
    document_sha256 varchar,
    version_id varchar,
    set_as_default boolean,
    group_name varchar,
    new_name varchar,
    new_status varchar,
    changed_by varchar,
    is_told boolean,
    date varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/state/grant_changes/',
    partitioned_by = ARRAY['date']
);

CREATE VIEW events AS
SELECT
    a.event_time_ms AS event_time_ms,
    a.event_id AS event_id,
    a.account AS account,
    a.date AS date,
    a.region AS region,
    a.event_source AS event_source,
    a.event_name AS event_name,
    a.event_type AS event_type,
    a.event_category AS event_category,
    a.read_only AS read_only,
    a.error_code AS error_code,
    a.error_message AS error_message,
    a.outcome AS outcome,
    a.request_id AS request_id,
    a.shared_event_id AS shared_event_id,
    a.replaces AS replaces,
    a.principal_key AS principal_key,
    a.principal_arn AS principal_arn,
    a.principal_type AS principal_type,
    a.principal_account AS principal_account,
    a.session_name AS session_name,
    a.source_identity AS source_identity,
    a.access_key_id AS access_key_id,
    a.issued_access_key_id AS issued_access_key_id,
    a.session_policy AS session_policy,
    a.session_policy_arns AS session_policy_arns,
    a.invoked_by AS invoked_by,
    a.mfa_authenticated AS mfa_authenticated,
    a.assumed_root AS assumed_root,
    a.signed_in AS signed_in,
    a.mfa_used AS mfa_used,
    a.source_ip AS source_ip,
    a.user_agent AS user_agent,
    a.vpc_endpoint_id AS vpc_endpoint_id,
    a.tls_version AS tls_version,
    a.context_json AS context_json,
    a.mapping AS mapping,
    a.source_file AS source_file,
    a.record_index AS record_index
FROM stored_events AS a
WHERE NOT EXISTS (SELECT 1 FROM stored_events AS r WHERE r.replaces = a.event_id);

CREATE VIEW event_actions AS
SELECT
    a.event_time_ms AS event_time_ms,
    a.event_id AS event_id,
    a.account AS account,
    a.date AS date,
    a.region AS region,
    a.event_source AS event_source,
    a.event_name AS event_name,
    a.event_category AS event_category,
    a.read_only AS read_only,
    a.principal_key AS principal_key,
    a.principal_arn AS principal_arn,
    a.principal_type AS principal_type,
    a.principal_account AS principal_account,
    a.action AS action,
    a.resource_arn AS resource_arn,
    a.arn_provenance AS arn_provenance,
    a.resource_type AS resource_type,
    a.derived AS derived,
    a.outcome AS outcome,
    a.error_code AS error_code,
    a.denied_effect AS denied_effect,
    a.denied_policy_type AS denied_policy_type,
    a.denied_policy_arn AS denied_policy_arn,
    a.context_class AS context_class,
    a.call_key AS call_key,
    a.side AS side
FROM stored_event_actions AS a
WHERE NOT EXISTS (SELECT 1 FROM stored_events AS r WHERE r.replaces = a.event_id);

-- From when to when use counts, in milliseconds since 1970 UTC: 90 days before 2026-11-01.
CREATE VIEW params AS
SELECT CAST(1793491200000 AS BIGINT) AS as_of_ms, CAST(1785715200000 AS BIGINT) AS window_start_ms;

CREATE VIEW other_sides AS
SELECT
  call_key
FROM event_actions
WHERE
  NOT call_key IS NULL AND (
    side IS NULL OR side <> 'caller'
  )
GROUP BY
  call_key
ORDER BY
  call_key ASC;

CREATE VIEW told_twice AS
SELECT
  o.call_key AS call_key
FROM other_sides AS o
INNER JOIN event_actions AS a
  ON o.call_key = a.call_key
WHERE
  a.side = 'caller'
GROUP BY
  o.call_key
ORDER BY
  call_key ASC;

CREATE VIEW bounded_sessions AS
WITH issuing AS (
  SELECT
    issued_access_key_id,
    session_policy,
    session_policy_arns,
    CASE
      WHEN session_policy_arns IS NULL
      THEN NULL
      ELSE COALESCE(session_policy, '')
    END AS policy_or_none
  FROM events
  WHERE
    NOT issued_access_key_id IS NULL
), issued AS (
  SELECT
    issued_access_key_id,
    MAX(session_policy) AS session_policy,
    MAX(session_policy_arns) AS session_policy_arns,
    MIN(session_policy_arns) AS least_arns,
    MIN(policy_or_none) AS least_policy,
    MAX(policy_or_none) AS greatest_policy
  FROM issuing
  GROUP BY
    issued_access_key_id
)
SELECT
  issued_access_key_id,
  session_policy,
  session_policy_arns,
  CASE
    WHEN least_policy = greatest_policy AND least_arns = session_policy_arns
    THEN TRUE
    ELSE FALSE
  END AS is_told
FROM issued
WHERE
  NOT session_policy IS NULL
  OR session_policy_arns IS NULL
  OR session_policy_arns <> '[]'
  OR least_arns <> '[]'
ORDER BY
  issued_access_key_id ASC;

CREATE VIEW session_events AS
SELECT
  e.event_id AS event_id,
  e.session_name AS session_name,
  s.session_policy AS session_policy,
  s.session_policy_arns AS session_policy_arns,
  s.is_told AS is_told
FROM bounded_sessions AS s
INNER JOIN events AS e
  ON s.issued_access_key_id = e.access_key_id
ORDER BY
  event_id ASC,
  session_policy ASC,
  session_policy_arns ASC,
  is_told ASC;

CREATE VIEW assuming_actions AS
SELECT
  event_id,
  event_time_ms,
  resource_arn AS role_arn,
  action,
  principal_account,
  principal_key,
  principal_arn,
  principal_type,
  call_key,
  side
FROM event_actions
WHERE
  action LIKE 'sts:AssumeRole%' AND outcome = 'allowed'
ORDER BY
  event_id ASC,
  action ASC,
  role_arn ASC,
  side ASC;

CREATE TABLE answer_activity (
    account varchar,
    principal_key varchar,
    principal_arn varchar,
    principal_type varchar,
    allowed_calls bigint,
    denied_calls bigint,
    error_calls bigint,
    first_allowed_ms bigint,
    last_allowed_ms bigint,
    last_denied_ms bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/activity/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_assumption_calls (
    event_id varchar,
    event_time_ms bigint,
    role_arn varchar,
    action varchar,
    principal_account varchar,
    principal_key varchar,
    principal_arn varchar,
    principal_type varchar,
    context_json varchar,
    call_key varchar,
    side varchar,
    mfa_authenticated boolean,
    region varchar,
    source_ip varchar,
    user_agent varchar,
    vpc_endpoint_id varchar,
    source_identity varchar,
    access_key_id varchar,
    issued_access_key_id varchar,
    session_policy varchar,
    session_policy_arns varchar,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/assumption_calls/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_coverage_data (
    account varchar,
    region varchar,
    date varchar,
    event_source varchar,
    data_events bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/coverage_data/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_coverage_days (
    account varchar,
    region varchar,
    date varchar,
    management_reads bigint,
    management_writes bigint,
    data_events bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/coverage_days/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_denials (
    account varchar,
    principal_key varchar,
    principal_arn varchar,
    principal_type varchar,
    action varchar,
    resource_arn varchar,
    arn_provenance varchar,
    region varchar,
    context_class varchar,
    error_code varchar,
    denied_effect varchar,
    denied_policy_type varchar,
    denied_policy_arn varchar,
    calls bigint,
    first_seen_ms bigint,
    last_seen_ms bigint,
    sample_event_first varchar,
    sample_event_last varchar,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/denials/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_denied_calls (
    account varchar,
    principal_key varchar,
    principal_arn varchar,
    principal_type varchar,
    federated_name varchar,
    session_policy varchar,
    session_policy_arns varchar,
    in_session boolean,
    is_told boolean,
    event_source varchar,
    event_name varchar,
    event_category varchar,
    action varchar,
    resource_arn varchar,
    arn_provenance varchar,
    region varchar,
    context_class varchar,
    error_code varchar,
    denied_effect varchar,
    denied_policy_type varchar,
    denied_policy_arn varchar,
    error_message varchar,
    source_ip varchar,
    date varchar,
    calls bigint,
    first_seen_ms bigint,
    last_seen_ms bigint,
    sample_event_first varchar,
    sample_event_last varchar,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/denied_calls/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_human_hours (
    account varchar,
    hour_of_week bigint,
    calls bigint,
    roles bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/human_hours/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_key_activity (
    account varchar,
    principal_key varchar,
    principal_arn varchar,
    access_key_id varchar,
    calls bigint,
    first_seen_ms bigint,
    last_seen_ms bigint,
    addresses bigint,
    services bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/key_activity/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_key_services (
    account varchar,
    access_key_id varchar,
    event_source varchar,
    region varchar,
    allowed_calls bigint,
    denied_calls bigint,
    first_seen_ms bigint,
    last_seen_ms bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/key_services/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_key_sources (
    account varchar,
    principal_key varchar,
    principal_arn varchar,
    access_key_id varchar,
    network varchar,
    user_agent_family varchar,
    vpc_endpoint_id varchar,
    allowed_calls bigint,
    denied_calls bigint,
    first_seen_ms bigint,
    last_seen_ms bigint,
    last_denied_ms bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/key_sources/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_mapping_arns (
    arn_provenance varchar,
    action_rows bigint,
    events_with_resource bigint,
    events_with_concrete_arn bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/mapping_arns/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_mapping_events (
    event_id varchar,
    event_source varchar,
    event_name varchar,
    mapping varchar,
    action varchar,
    resource_arn varchar,
    resource_type varchar,
    arn_provenance varchar,
    derived boolean,
    source_file varchar,
    record_index bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/mapping_events/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_mapping_pairs (
    event_source varchar,
    event_name varchar,
    mapped bigint,
    no_permission bigint,
    not_known bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/mapping_pairs/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_mapping_unresolved (
    action varchar,
    resource_type varchar,
    action_rows bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/mapping_unresolved/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_monitored (
    monitor varchar,
    account varchar,
    calls bigint,
    principals bigint,
    first_seen_ms bigint,
    last_seen_ms bigint,
    sample_event_id varchar,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/monitored/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_principal_days (
    principal_key varchar,
    date varchar,
    calls bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/principal_days/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_principal_mfa (
    account varchar,
    principal_key varchar,
    principal_arn varchar,
    principal_type varchar,
    read_only boolean,
    mfa_authenticated boolean,
    calls bigint,
    last_seen_ms bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/principal_mfa/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_region_use (
    account varchar,
    region varchar,
    event_source varchar,
    allowed_calls bigint,
    denied_calls bigint,
    write_calls bigint,
    principals bigint,
    first_seen_ms bigint,
    last_seen_ms bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/region_use/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_role_sessions (
    account varchar,
    principal_key varchar,
    principal_arn varchar,
    session_names bigint,
    person_names bigint,
    with_source_identity bigint,
    calls bigint,
    mfa_calls bigint,
    no_mfa_calls bigint,
    first_seen_ms bigint,
    last_seen_ms bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/role_sessions/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_root_use (
    account varchar,
    kind varchar,
    event_source varchar,
    event_name varchar,
    region varchar,
    source_ip varchar,
    user_agent varchar,
    mfa_authenticated boolean,
    outcome varchar,
    calls bigint,
    first_seen_ms bigint,
    last_seen_ms bigint,
    sample_event_id varchar,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/root_use/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_secret_use (
    account varchar,
    secret_arn varchar,
    reads bigint,
    readers bigint,
    first_read_ms bigint,
    last_read_ms bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/secret_use/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_session_calls (
    account varchar,
    principal_key varchar,
    principal_arn varchar,
    principal_type varchar,
    federated_name varchar,
    session_policy varchar,
    session_policy_arns varchar,
    is_told boolean,
    action varchar,
    resource_arn varchar,
    arn_provenance varchar,
    region varchar,
    context_class varchar,
    outcome varchar,
    error_code varchar,
    denied_effect varchar,
    denied_policy_type varchar,
    denied_policy_arn varchar,
    calls bigint,
    first_seen_ms bigint,
    last_seen_ms bigint,
    sample_event_first varchar,
    sample_event_last varchar,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/session_calls/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_sign_ins (
    account varchar,
    principal_type varchar,
    principal_key varchar,
    principal_arn varchar,
    event_name varchar,
    outcome varchar,
    mfa_used boolean,
    calls bigint,
    addresses bigint,
    first_seen_ms bigint,
    last_seen_ms bigint,
    sample_event_id varchar,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/sign_ins/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_trail_changes (
    account varchar,
    resource_arn varchar,
    last_ms bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/trail_changes/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_unknown_calls (
    account varchar,
    principal_key varchar,
    principal_arn varchar,
    event_source varchar,
    event_name varchar,
    calls bigint,
    first_seen_ms bigint,
    last_seen_ms bigint,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/unknown_calls/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_usage (
    account varchar,
    principal_key varchar,
    principal_arn varchar,
    principal_type varchar,
    action varchar,
    resource_arn varchar,
    arn_provenance varchar,
    region varchar,
    context_class varchar,
    outcome varchar,
    calls bigint,
    first_seen_ms bigint,
    last_seen_ms bigint,
    sample_event_first varchar,
    sample_event_last varchar,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/usage/',
    partitioned_by = ARRAY['as_of']
);

CREATE TABLE answer_use_days (
    principal_key varchar,
    principal_arn varchar,
    action varchar,
    date varchar,
    as_of varchar
)
WITH (
    format = 'PARQUET',
    external_location = 's3://YOUR-BUCKET/tables/use_days/',
    partitioned_by = ARRAY['as_of']
);

-- queries/usage.sql
WITH counted AS (
  SELECT
    a.event_id AS event_id,
    a.event_time_ms AS event_time_ms,
    a.principal_account AS principal_account,
    a.principal_key AS principal_key,
    a.principal_arn AS principal_arn,
    a.principal_type AS principal_type,
    a.action AS action,
    a.resource_arn AS resource_arn,
    a.arn_provenance AS arn_provenance,
    a.region AS region,
    a.context_class AS context_class,
    a.outcome AS outcome
  FROM event_actions AS a
  LEFT JOIN told_twice AS c
    ON a.call_key = c.call_key
  CROSS JOIN params AS p
  WHERE
    (
      a.side = 'caller' OR c.call_key IS NULL
    )
    AND NOT a.action IS NULL
    AND NOT a.principal_key IS NULL
    AND a.event_time_ms >= p.window_start_ms
    AND a.event_time_ms < p.as_of_ms
)
SELECT
  principal_account AS account,
  principal_key,
  MAX(principal_arn) AS principal_arn,
  MAX(principal_type) AS principal_type,
  action,
  resource_arn,
  arn_provenance,
  region,
  context_class,
  outcome,
  CAST(COUNT(*) AS BIGINT) AS calls,
  MIN(event_time_ms) AS first_seen_ms,
  MAX(event_time_ms) AS last_seen_ms,
  MIN(event_id) AS sample_event_first,
  MAX(event_id) AS sample_event_last
FROM counted
GROUP BY
  principal_account,
  principal_key,
  action,
  resource_arn,
  arn_provenance,
  region,
  context_class,
  outcome
ORDER BY
  account ASC,
  principal_key ASC,
  action ASC,
  resource_arn ASC,
  arn_provenance ASC,
  region ASC,
  context_class ASC,
  outcome ASC;
