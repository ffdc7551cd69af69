-- title: Gaps in the logs
-- question: Which accounts have days in the window of which the logs at hand hold nothing?
-- columns: account, resource, status, severity, reason, days_in_window, days_with_events, days_missing, first_day, last_day, read_days, write_days
-- Days of reading and of writing management events, wherever a region of the account has them.
WITH class_days AS (
    SELECT
        account,
        CAST(COUNT(DISTINCT CASE WHEN class = 'management-read' AND state = 'complete' THEN date END) AS BIGINT) AS read_days,
        CAST(COUNT(DISTINCT CASE WHEN class = 'management-write' AND state = 'complete' THEN date END) AS BIGINT) AS write_days
    FROM coverage
    GROUP BY account
)
SELECT
    a.account AS account,
    a.account AS resource,
    CASE
        WHEN c.account IS NULL THEN 'UNKNOWN'
        WHEN c.complete IS NULL OR NOT c.complete THEN 'FAIL'
        WHEN d.read_days = 0 OR d.write_days = 0 THEN 'FAIL'
        WHEN d.account IS NULL THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE WHEN c.complete THEN 'LOW' ELSE 'MEDIUM' END AS severity,
    CASE
        WHEN c.account IS NULL THEN 'no logs of this account were given'
        WHEN c.complete IS NULL OR NOT c.complete THEN 'days of the window are missing'
        WHEN d.write_days = 0 THEN 'no day shows writing management events throughout'
        WHEN d.read_days = 0 THEN 'no day shows reading management events throughout'
        WHEN d.account IS NULL THEN 'the classes of events that the logs hold are not known'
        ELSE 'the logs hold enough of the window'
    END AS reason,
    c.days_in_window AS days_in_window,
    c.days_with_events AS days_with_events,
    c.days_in_window - c.days_with_events AS days_missing,
    c.first_day AS first_day,
    c.last_day AS last_day,
    d.read_days AS read_days,
    d.write_days AS write_days
FROM accounts AS a
LEFT JOIN coverage_summary AS c ON a.account = c.account
LEFT JOIN class_days AS d ON a.account = d.account
WHERE a.owned
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
