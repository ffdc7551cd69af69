-- title: Health of trails
-- question: Does each account have a trail that logs all its management events everywhere, and is each trail in order?
-- columns: account, resource, status, severity, reason, trail_name, trails, is_multi_region, is_organisation, log_file_validation, has_kms_key, is_logging, delivery_error, logs_management_writes, logs_management_reads, days_with_events, days_in_window
WITH ranked AS (
    SELECT
        account,
        arn,
        is_organisation,
        CASE
            WHEN NOT is_logging THEN 1
            WHEN NOT is_multi_region THEN 2
            WHEN NOT logs_management_writes OR NOT logs_management_reads THEN 3
            WHEN has_global_services IS NOT NULL AND NOT has_global_services THEN 4
            WHEN delivery_error IS NOT NULL THEN 5
            WHEN is_logging IS NULL OR is_multi_region IS NULL OR logs_management_writes IS NULL OR logs_management_reads IS NULL THEN 6
            ELSE 7
        END AS grade
    FROM trails
),
covering AS (
    SELECT r.account AS account, r.arn AS arn, r.grade AS grade
    FROM ranked AS r
    UNION ALL
    SELECT m.account AS account, r.arn AS arn, r.grade AS grade
    FROM ranked AS r
    JOIN accounts AS o ON r.account = o.account
    JOIN accounts AS m ON o.organisation_id = m.organisation_id
    WHERE r.is_organisation
),
best AS (
    SELECT account, CAST(COUNT(DISTINCT arn) AS BIGINT) AS trails, MAX(grade) AS grade
    FROM covering
    GROUP BY account
),
both AS (
    SELECT
        t.account AS account,
        t.arn AS resource,
        CASE
            WHEN NOT t.is_logging OR t.delivery_error IS NOT NULL THEN 'FAIL'
            WHEN NOT t.log_file_validation OR NOT t.has_kms_key THEN 'FAIL'
            WHEN t.is_logging IS NULL OR t.log_file_validation IS NULL OR t.has_kms_key IS NULL THEN 'UNKNOWN'
            ELSE 'PASS'
        END AS status,
        CASE
            WHEN NOT t.is_logging OR t.delivery_error IS NOT NULL THEN 'HIGH'
            WHEN NOT t.log_file_validation THEN 'MEDIUM'
            ELSE 'LOW'
        END AS severity,
        CASE
            WHEN NOT t.is_logging THEN 'the trail is stopped'
            WHEN t.delivery_error IS NOT NULL THEN 'the last delivery failed'
            WHEN NOT t.log_file_validation THEN 'no digests are written: nobody can tell whether a log file was changed'
            WHEN NOT t.has_kms_key THEN 'the log files are not encrypted with a key of your own'
            WHEN t.is_logging IS NULL OR t.log_file_validation IS NULL OR t.has_kms_key IS NULL THEN 'the export does not tell all about the trail'
            ELSE 'logs, delivers, with digests and a key'
        END AS reason,
        t.name AS trail_name, n.no_int AS trails, t.is_multi_region AS is_multi_region, t.is_organisation AS is_organisation,
        t.log_file_validation AS log_file_validation, t.has_kms_key AS has_kms_key, t.is_logging AS is_logging, t.delivery_error AS delivery_error,
        t.logs_management_writes AS logs_management_writes, t.logs_management_reads AS logs_management_reads,
        n.no_int AS days_with_events, n.no_int AS days_in_window
    FROM trails AS t
    CROSS JOIN nulls AS n
    UNION ALL
    SELECT
        a.account AS account,
        a.account AS resource,
        CASE
            WHEN b.grade = 7 THEN 'PASS'
            WHEN b.grade IS NULL OR b.grade = 6 THEN 'UNKNOWN'
            ELSE 'FAIL'
        END AS status,
        'HIGH' AS severity,
        CASE
            WHEN b.grade = 7 THEN 'a trail logs all management events in all regions'
            WHEN b.grade = 6 THEN 'no export tells what the trails of this account log'
            WHEN b.grade = 5 THEN 'the deliveries of its best trail fail'
            WHEN b.grade = 4 THEN 'its best trail leaves out the services of the whole world'
            WHEN b.grade = 3 THEN 'its best trail does not log both reading and writing management events'
            WHEN b.grade = 2 THEN 'no trail that runs logs all regions'
            WHEN b.grade = 1 THEN 'every trail is stopped'
            WHEN c.days_with_events > 0 THEN 'no export tells of a trail, though logs are at hand'
            ELSE 'no export tells of a trail, and no logs are at hand'
        END AS reason,
        n.no_text AS trail_name, b.trails AS trails, n.no_bool AS is_multi_region, n.no_bool AS is_organisation, n.no_bool AS log_file_validation,
        n.no_bool AS has_kms_key, n.no_bool AS is_logging, n.no_text AS delivery_error, n.no_bool AS logs_management_writes,
        n.no_bool AS logs_management_reads, c.days_with_events AS days_with_events, c.days_in_window AS days_in_window
    FROM accounts AS a
    LEFT JOIN best AS b ON a.account = b.account
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    CROSS JOIN nulls AS n
    WHERE a.owned
)
SELECT account, resource, status, severity, reason, trail_name, trails, is_multi_region, is_organisation, log_file_validation, has_kms_key,
    is_logging, delivery_error, logs_management_writes, logs_management_reads, days_with_events, days_in_window
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
