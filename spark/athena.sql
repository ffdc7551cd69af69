-- The tables of a state folder and of the job's answers, and the query of use, for Athena. Made by spark/athena.py; do not edit.
-- Put your bucket's places for s3://YOUR-BUCKET/…; partitions are worked out from the days in the tables' properties.

CREATE EXTERNAL TABLE `stored_event_actions` (
    `event_time_ms` bigint,
    `event_id` string,
    `account` string,
    `region` string,
    `event_source` string,
    `event_name` string,
    `event_category` string,
    `read_only` boolean,
    `principal_key` string,
    `principal_arn` string,
    `principal_type` string,
    `principal_account` string,
    `action` string,
    `resource_arn` string,
    `arn_provenance` string,
    `resource_type` string,
    `derived` boolean,
    `outcome` string,
    `error_code` string,
    `denied_effect` string,
    `denied_policy_type` string,
    `denied_policy_arn` string,
    `context_class` string,
    `call_key` string,
    `side` string
)
PARTITIONED BY (`date` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/state/event_actions/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.date.type' = 'date',
    'projection.date.format' = 'yyyy-MM-dd',
    'projection.date.range' = '2013-11-01,NOW'
);

CREATE EXTERNAL TABLE `stored_events` (
    `event_time_ms` bigint,
    `event_id` string,
    `account` string,
    `region` string,
    `event_source` string,
    `event_name` string,
    `event_type` string,
    `event_category` string,
    `read_only` boolean,
    `error_code` string,
    `error_message` string,
    `outcome` string,
    `request_id` string,
    `shared_event_id` string,
    `replaces` string,
    `principal_key` string,
    `principal_arn` string,
    `principal_type` string,
    `principal_account` string,
    `session_name` string,
    `source_identity` string,
    `access_key_id` string,
    `issued_access_key_id` string,
    `session_policy` string,
    `session_policy_arns` string,
    `invoked_by` string,
    `mfa_authenticated` boolean,
    `assumed_root` boolean,
    `signed_in` boolean,
    `mfa_used` boolean,
    `source_ip` string,
    `user_agent` string,
    `vpc_endpoint_id` string,
    `tls_version` string,
    `context_json` string,
    `mapping` string,
    `source_file` string,
    `record_index` bigint
)
PARTITIONED BY (`date` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/state/events/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.date.type' = 'date',
    'projection.date.format' = 'yyyy-MM-dd',
    'projection.date.range' = '2013-11-01,NOW'
);

CREATE EXTERNAL TABLE `grant_changes` (
    `event_time_ms` bigint,
    `event_id` string,
    `account` string,
    `event_name` string,
    `target_kind` string,
    `target_name` string,
    `target_arn` string,
    `target_id` string,
    `policy_name` string,
    `policy_arn` string,
    `document` string,
    `document_sha256` string,
    `version_id` string,
    `set_as_default` boolean,
    `group_name` string,
    `new_name` string,
    `new_status` string,
    `changed_by` string,
    `is_told` boolean
)
PARTITIONED BY (`date` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/state/grant_changes/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.date.type' = 'date',
    'projection.date.format' = 'yyyy-MM-dd',
    'projection.date.range' = '2013-11-01,NOW'
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

CREATE EXTERNAL TABLE `answer_activity` (
    `account` string,
    `principal_key` string,
    `principal_arn` string,
    `principal_type` string,
    `allowed_calls` bigint,
    `denied_calls` bigint,
    `error_calls` bigint,
    `first_allowed_ms` bigint,
    `last_allowed_ms` bigint,
    `last_denied_ms` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/activity/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_assumption_calls` (
    `event_id` string,
    `event_time_ms` bigint,
    `role_arn` string,
    `action` string,
    `principal_account` string,
    `principal_key` string,
    `principal_arn` string,
    `principal_type` string,
    `context_json` string,
    `call_key` string,
    `side` string,
    `mfa_authenticated` boolean,
    `region` string,
    `source_ip` string,
    `user_agent` string,
    `vpc_endpoint_id` string,
    `source_identity` string,
    `access_key_id` string,
    `issued_access_key_id` string,
    `session_policy` string,
    `session_policy_arns` string
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/assumption_calls/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_coverage_data` (
    `account` string,
    `region` string,
    `date` string,
    `event_source` string,
    `data_events` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/coverage_data/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_coverage_days` (
    `account` string,
    `region` string,
    `date` string,
    `management_reads` bigint,
    `management_writes` bigint,
    `data_events` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/coverage_days/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_denials` (
    `account` string,
    `principal_key` string,
    `principal_arn` string,
    `principal_type` string,
    `action` string,
    `resource_arn` string,
    `arn_provenance` string,
    `region` string,
    `context_class` string,
    `error_code` string,
    `denied_effect` string,
    `denied_policy_type` string,
    `denied_policy_arn` string,
    `calls` bigint,
    `first_seen_ms` bigint,
    `last_seen_ms` bigint,
    `sample_event_first` string,
    `sample_event_last` string
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/denials/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_denied_calls` (
    `account` string,
    `principal_key` string,
    `principal_arn` string,
    `principal_type` string,
    `federated_name` string,
    `session_policy` string,
    `session_policy_arns` string,
    `in_session` boolean,
    `is_told` boolean,
    `event_source` string,
    `event_name` string,
    `event_category` string,
    `action` string,
    `resource_arn` string,
    `arn_provenance` string,
    `region` string,
    `context_class` string,
    `error_code` string,
    `denied_effect` string,
    `denied_policy_type` string,
    `denied_policy_arn` string,
    `error_message` string,
    `source_ip` string,
    `date` string,
    `calls` bigint,
    `first_seen_ms` bigint,
    `last_seen_ms` bigint,
    `sample_event_first` string,
    `sample_event_last` string
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/denied_calls/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_human_hours` (
    `account` string,
    `hour_of_week` bigint,
    `calls` bigint,
    `roles` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/human_hours/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_key_activity` (
    `account` string,
    `principal_key` string,
    `principal_arn` string,
    `access_key_id` string,
    `calls` bigint,
    `first_seen_ms` bigint,
    `last_seen_ms` bigint,
    `addresses` bigint,
    `services` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/key_activity/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_key_services` (
    `account` string,
    `access_key_id` string,
    `event_source` string,
    `region` string,
    `allowed_calls` bigint,
    `denied_calls` bigint,
    `first_seen_ms` bigint,
    `last_seen_ms` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/key_services/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_key_sources` (
    `account` string,
    `principal_key` string,
    `principal_arn` string,
    `access_key_id` string,
    `network` string,
    `user_agent_family` string,
    `vpc_endpoint_id` string,
    `allowed_calls` bigint,
    `denied_calls` bigint,
    `first_seen_ms` bigint,
    `last_seen_ms` bigint,
    `last_denied_ms` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/key_sources/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_mapping_arns` (
    `arn_provenance` string,
    `action_rows` bigint,
    `events_with_resource` bigint,
    `events_with_concrete_arn` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/mapping_arns/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_mapping_events` (
    `event_id` string,
    `event_source` string,
    `event_name` string,
    `mapping` string,
    `action` string,
    `resource_arn` string,
    `resource_type` string,
    `arn_provenance` string,
    `derived` boolean,
    `source_file` string,
    `record_index` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/mapping_events/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_mapping_pairs` (
    `event_source` string,
    `event_name` string,
    `mapped` bigint,
    `no_permission` bigint,
    `not_known` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/mapping_pairs/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_mapping_unresolved` (
    `action` string,
    `resource_type` string,
    `action_rows` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/mapping_unresolved/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_monitored` (
    `monitor` string,
    `account` string,
    `calls` bigint,
    `principals` bigint,
    `first_seen_ms` bigint,
    `last_seen_ms` bigint,
    `sample_event_id` string
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/monitored/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_principal_days` (
    `principal_key` string,
    `date` string,
    `calls` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/principal_days/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_principal_mfa` (
    `account` string,
    `principal_key` string,
    `principal_arn` string,
    `principal_type` string,
    `read_only` boolean,
    `mfa_authenticated` boolean,
    `calls` bigint,
    `last_seen_ms` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/principal_mfa/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_region_use` (
    `account` string,
    `region` string,
    `event_source` string,
    `allowed_calls` bigint,
    `denied_calls` bigint,
    `write_calls` bigint,
    `principals` bigint,
    `first_seen_ms` bigint,
    `last_seen_ms` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/region_use/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_role_sessions` (
    `account` string,
    `principal_key` string,
    `principal_arn` string,
    `session_names` bigint,
    `person_names` bigint,
    `with_source_identity` bigint,
    `calls` bigint,
    `mfa_calls` bigint,
    `no_mfa_calls` bigint,
    `first_seen_ms` bigint,
    `last_seen_ms` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/role_sessions/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_root_use` (
    `account` string,
    `kind` string,
    `event_source` string,
    `event_name` string,
    `region` string,
    `source_ip` string,
    `user_agent` string,
    `mfa_authenticated` boolean,
    `outcome` string,
    `calls` bigint,
    `first_seen_ms` bigint,
    `last_seen_ms` bigint,
    `sample_event_id` string
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/root_use/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_secret_use` (
    `account` string,
    `secret_arn` string,
    `reads` bigint,
    `readers` bigint,
    `first_read_ms` bigint,
    `last_read_ms` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/secret_use/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_session_calls` (
    `account` string,
    `principal_key` string,
    `principal_arn` string,
    `principal_type` string,
    `federated_name` string,
    `session_policy` string,
    `session_policy_arns` string,
    `is_told` boolean,
    `action` string,
    `resource_arn` string,
    `arn_provenance` string,
    `region` string,
    `context_class` string,
    `outcome` string,
    `error_code` string,
    `denied_effect` string,
    `denied_policy_type` string,
    `denied_policy_arn` string,
    `calls` bigint,
    `first_seen_ms` bigint,
    `last_seen_ms` bigint,
    `sample_event_first` string,
    `sample_event_last` string
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/session_calls/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_sign_ins` (
    `account` string,
    `principal_type` string,
    `principal_key` string,
    `principal_arn` string,
    `event_name` string,
    `outcome` string,
    `mfa_used` boolean,
    `calls` bigint,
    `addresses` bigint,
    `first_seen_ms` bigint,
    `last_seen_ms` bigint,
    `sample_event_id` string
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/sign_ins/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_trail_changes` (
    `account` string,
    `resource_arn` string,
    `last_ms` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/trail_changes/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_unknown_calls` (
    `account` string,
    `principal_key` string,
    `principal_arn` string,
    `event_source` string,
    `event_name` string,
    `calls` bigint,
    `first_seen_ms` bigint,
    `last_seen_ms` bigint
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/unknown_calls/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_usage` (
    `account` string,
    `principal_key` string,
    `principal_arn` string,
    `principal_type` string,
    `action` string,
    `resource_arn` string,
    `arn_provenance` string,
    `region` string,
    `context_class` string,
    `outcome` string,
    `calls` bigint,
    `first_seen_ms` bigint,
    `last_seen_ms` bigint,
    `sample_event_first` string,
    `sample_event_last` string
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/usage/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
);

CREATE EXTERNAL TABLE `answer_use_days` (
    `principal_key` string,
    `principal_arn` string,
    `action` string,
    `date` string
)
PARTITIONED BY (`as_of` string)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/tables/use_days/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.as_of.type' = 'date',
    'projection.as_of.format' = 'yyyy-MM-dd',
    'projection.as_of.range' = '2026-01-01,NOW'
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
