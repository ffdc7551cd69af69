-- title: Events and their actions
-- question: Which action on which resource did each event need, and where did the resource come from?
-- columns: event_id, event_source, event_name, mapping, action, resource_arn, resource_type, arn_provenance, derived, source_file, record_index
-- size: large
SELECT
    e.event_id AS event_id,
    e.event_source AS event_source,
    e.event_name AS event_name,
    e.mapping AS mapping,
    a.action AS action,
    a.resource_arn AS resource_arn,
    a.resource_type AS resource_type,
    a.arn_provenance AS arn_provenance,
    a.derived AS derived,
    e.source_file AS source_file,
    e.record_index AS record_index
FROM events AS e
LEFT JOIN event_actions AS a ON e.event_id = a.event_id
ORDER BY source_file ASC NULLS LAST, record_index ASC NULLS LAST, action ASC NULLS LAST, resource_arn ASC NULLS LAST, resource_type ASC NULLS LAST
