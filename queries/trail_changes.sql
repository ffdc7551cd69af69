-- title: Changes of trails
-- question: When was each trail last made, changed, started or stopped in the window?
-- columns: account, resource_arn, last_ms
-- size: large
SELECT
    a.account AS account,
    a.resource_arn AS resource_arn,
    MAX(a.event_time_ms) AS last_ms
FROM event_actions AS a
CROSS JOIN params AS p
WHERE a.event_time_ms >= p.window_start_ms
    AND a.event_time_ms < p.as_of_ms
    AND a.outcome = 'allowed'
    AND (a.action = 'cloudtrail:CreateTrail'
        OR a.action = 'cloudtrail:DeleteTrail'
        OR a.action = 'cloudtrail:PutEventSelectors'
        OR a.action = 'cloudtrail:StartLogging'
        OR a.action = 'cloudtrail:StopLogging'
        OR a.action = 'cloudtrail:UpdateTrail')
GROUP BY a.account, a.resource_arn
ORDER BY account ASC NULLS LAST, resource_arn ASC NULLS LAST
