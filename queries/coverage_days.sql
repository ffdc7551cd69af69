-- title: Days that the logs cover
-- question: For each account, region and day of the window, how many management and data events are there, reading and writing?
-- columns: account, region, date, management_reads, management_writes, data_events
-- size: large
-- An event that does not say whether it reads counts as neither. Access logs of S3 are best effort and of single buckets: they
-- show use, not that a trail logs.
SELECT
    e.account AS account,
    e.region AS region,
    e.date AS date,
    CAST(SUM(CASE WHEN e.event_category = 'Data' THEN 0 WHEN e.read_only THEN 1 ELSE 0 END) AS BIGINT) AS management_reads,
    CAST(SUM(CASE WHEN e.event_category = 'Data' THEN 0 WHEN e.read_only = FALSE THEN 1 ELSE 0 END) AS BIGINT) AS management_writes,
    CAST(SUM(CASE WHEN e.event_category = 'Data' THEN 1 ELSE 0 END) AS BIGINT) AS data_events
FROM events AS e
CROSS JOIN params AS p
WHERE e.event_time_ms >= p.window_start_ms
    AND e.event_time_ms < p.as_of_ms
    AND (e.event_category IS NULL OR e.event_category = 'Management' OR e.event_category = 'Data')
    AND (e.event_type IS NULL OR e.event_type <> 'S3ServerAccessLog')
GROUP BY e.account, e.region, e.date
ORDER BY account ASC NULLS LAST, region ASC NULLS LAST, date ASC NULLS LAST
