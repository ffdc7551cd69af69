-- title: One event
-- question: Who called what on what when, how did it end, and what did AWS say?
-- columns: event_id, event_time_ms, account, region, event_source, event_name, outcome, error_code, error_message, principal_key, principal_arn, principal_type, source_ip, source_file, record_index, action, resource_arn, action_outcome
-- size: large
SELECT
    e.event_id AS event_id,
    e.event_time_ms AS event_time_ms,
    e.account AS account,
    e.region AS region,
    e.event_source AS event_source,
    e.event_name AS event_name,
    e.outcome AS outcome,
    e.error_code AS error_code,
    e.error_message AS error_message,
    e.principal_key AS principal_key,
    e.principal_arn AS principal_arn,
    e.principal_type AS principal_type,
    e.source_ip AS source_ip,
    e.source_file AS source_file,
    e.record_index AS record_index,
    a.action AS action,
    a.resource_arn AS resource_arn,
    a.outcome AS action_outcome
FROM events AS e
JOIN wanted AS w ON e.event_id = w.event_id
LEFT JOIN event_actions AS a ON e.event_id = a.event_id
ORDER BY
    source_file ASC NULLS LAST,
    record_index ASC NULLS LAST,
    action ASC NULLS LAST,
    resource_arn ASC NULLS LAST
