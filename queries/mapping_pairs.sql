-- title: Kinds of event and how they were mapped
-- question: Which kinds of event occur, how often, and does the reference have an action for each?
-- columns: event_source, event_name, mapping, events
-- size: large
SELECT
    e.event_source AS event_source,
    e.event_name AS event_name,
    MAX(e.mapping) AS mapping,
    CAST(COUNT(*) AS BIGINT) AS events
FROM events AS e
GROUP BY e.event_source, e.event_name
ORDER BY event_source ASC NULLS LAST, event_name ASC NULLS LAST
