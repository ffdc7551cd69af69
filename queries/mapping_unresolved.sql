-- title: Resource types that calls did not name
-- question: For which actions and resource types did calls leave us with a pattern for the whole type, and how often?
-- columns: action, resource_type, action_rows
-- size: large
SELECT
    a.action AS action,
    a.resource_type AS resource_type,
    CAST(COUNT(*) AS BIGINT) AS action_rows
FROM event_actions AS a
WHERE a.arn_provenance = 'type-wildcard'
GROUP BY a.action, a.resource_type
ORDER BY action_rows DESC NULLS LAST, action ASC NULLS LAST, resource_type ASC NULLS LAST
