-- title: Where resource ARNs came from
-- question: How many actions have a resource from each source, and on how many events does every action name its resources?
-- columns: arn_provenance, action_rows, events_with_resource, events_with_concrete_arn
-- size: large
-- An event counts as concrete when none of its actions is left with a pattern for a whole type.
WITH classed AS (
    SELECT
        event_id,
        arn_provenance,
        CASE WHEN arn_provenance = 'none' THEN 0 ELSE 1 END AS takes_resource,
        CASE WHEN arn_provenance = 'type-wildcard' THEN 1 ELSE 0 END AS open
    FROM event_actions
    WHERE action IS NOT NULL
),
per_event AS (
    SELECT event_id, MAX(takes_resource) AS takes_resource, MAX(open) AS open
    FROM classed
    GROUP BY event_id
),
totals AS (
    SELECT
        CAST(SUM(takes_resource) AS BIGINT) AS events_with_resource,
        CAST(SUM(CASE WHEN takes_resource = 1 AND open = 0 THEN 1 ELSE 0 END) AS BIGINT) AS events_with_concrete_arn
    FROM per_event
),
by_source AS (
    SELECT arn_provenance, CAST(COUNT(*) AS BIGINT) AS action_rows
    FROM classed
    GROUP BY arn_provenance
)
SELECT
    s.arn_provenance AS arn_provenance,
    s.action_rows AS action_rows,
    t.events_with_resource AS events_with_resource,
    t.events_with_concrete_arn AS events_with_concrete_arn
FROM by_source AS s
CROSS JOIN totals AS t
ORDER BY arn_provenance ASC NULLS LAST
