-- title: Kinds of event and how they were mapped
-- question: Which kinds of event occur, and how many of each were mapped to actions, need no permission, or are not known?
-- columns: event_source, event_name, mapped, no_permission, not_known
-- size: large
SELECT
    e.event_source AS event_source,
    e.event_name AS event_name,
    CAST(SUM(CASE WHEN e.mapping = 'mapped' THEN 1 ELSE 0 END) AS BIGINT) AS mapped,
    CAST(SUM(CASE WHEN e.mapping = 'no-permission' THEN 1 ELSE 0 END) AS BIGINT) AS no_permission,
    CAST(SUM(CASE WHEN e.mapping = 'unknown' THEN 1 ELSE 0 END) AS BIGINT) AS not_known
FROM events AS e
GROUP BY e.event_source, e.event_name
ORDER BY event_source ASC NULLS LAST, event_name ASC NULLS LAST
