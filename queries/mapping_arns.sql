-- title: Where resource ARNs came from
-- question: How many actions have a resource from each source, on how many events?
-- columns: arn_provenance, action_rows, events, events_with_resource, events_with_concrete_arn
-- size: large
WITH classed AS (
    SELECT
        event_id,
        arn_provenance,
        CASE WHEN arn_provenance = 'none' THEN 0 ELSE 1 END AS takes_resource,
        CASE WHEN arn_provenance = 'none' OR arn_provenance = 'type-wildcard' THEN 0 ELSE 1 END AS concrete
    FROM event_actions
    WHERE action IS NOT NULL
),
per_event AS (
    SELECT event_id, MAX(takes_resource) AS takes_resource, MAX(concrete) AS concrete
    FROM classed
    GROUP BY event_id
),
totals AS (
    SELECT
        CAST(COUNT(*) AS BIGINT) AS events,
        CAST(SUM(takes_resource) AS BIGINT) AS events_with_resource,
        CAST(SUM(concrete) AS BIGINT) AS events_with_concrete_arn
    FROM per_event
),
by_source AS (
    SELECT arn_provenance, CAST(COUNT(*) AS BIGINT) AS action_rows
    FROM classed
    GROUP BY arn_provenance
)
SELECT s.arn_provenance AS arn_provenance, s.action_rows AS action_rows, t.events AS events,
    t.events_with_resource AS events_with_resource, t.events_with_concrete_arn AS events_with_concrete_arn
FROM by_source AS s
CROSS JOIN totals AS t
ORDER BY arn_provenance ASC NULLS LAST
