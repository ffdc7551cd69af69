-- title: Days that show data events, by service
-- question: For each account, region and day of the window, of which services do the logs hold data events?
-- columns: account, region, date, event_source, data_events
-- size: large
-- Access logs of S3 are best effort and of single buckets: they show use, not that a trail logs.
SELECT
    e.account AS account,
    e.region AS region,
    e.date AS date,
    e.event_source AS event_source,
    CAST(COUNT(e.event_id) AS BIGINT) AS data_events
FROM events AS e
CROSS JOIN params AS p
WHERE e.event_time_ms >= p.window_start_ms
    AND e.event_time_ms < p.as_of_ms
    AND e.event_category = 'Data'
    AND (e.event_type IS NULL OR e.event_type <> 'S3ServerAccessLog')
GROUP BY e.account, e.region, e.date, e.event_source
ORDER BY account ASC NULLS LAST, region ASC NULLS LAST, date ASC NULLS LAST, event_source ASC NULLS LAST
