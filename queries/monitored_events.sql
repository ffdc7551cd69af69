-- title: Events that an alarm should tell of
-- question: Which of the events that benchmarks want an alarm for happened, in which account and how often?
-- columns: account, resource, status, severity, reason, monitor, calls, principals, first_seen_ms, last_seen_ms, sample_event_id
-- No input holds metric filters or alarms: a night without events is no proof of an alarm, nor is a night with events one of its lack.
WITH monitors AS (
    SELECT 'unauthorized-calls' AS monitor FROM nulls
    UNION ALL SELECT 'sign-in-without-mfa' AS monitor FROM nulls
    UNION ALL SELECT 'root-use' AS monitor FROM nulls
    UNION ALL SELECT 'iam-policy-changes' AS monitor FROM nulls
    UNION ALL SELECT 'cloudtrail-changes' AS monitor FROM nulls
    UNION ALL SELECT 'sign-in-failures' AS monitor FROM nulls
    UNION ALL SELECT 'kms-key-disabled' AS monitor FROM nulls
    UNION ALL SELECT 's3-bucket-policy-changes' AS monitor FROM nulls
    UNION ALL SELECT 'config-changes' AS monitor FROM nulls
    UNION ALL SELECT 'security-group-changes' AS monitor FROM nulls
    UNION ALL SELECT 'network-acl-changes' AS monitor FROM nulls
    UNION ALL SELECT 'network-gateway-changes' AS monitor FROM nulls
    UNION ALL SELECT 'route-table-changes' AS monitor FROM nulls
    UNION ALL SELECT 'vpc-changes' AS monitor FROM nulls
    UNION ALL SELECT 'organizations-changes' AS monitor FROM nulls
),
judged AS (
    SELECT
        a.account AS account,
        w.monitor AS monitor,
        a.is_management_account AS is_management_account,
        c.complete AS complete,
        m.calls AS calls,
        m.principals AS principals,
        m.first_seen_ms AS first_seen_ms,
        m.last_seen_ms AS last_seen_ms,
        m.sample_event_id AS sample_event_id
    FROM accounts AS a
    CROSS JOIN monitors AS w
    LEFT JOIN monitored AS m ON a.account = m.account AND w.monitor = m.monitor
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    WHERE a.owned
)
SELECT
    account,
    account AS resource,
    CASE
        WHEN monitor = 'organizations-changes' AND calls IS NULL AND NOT is_management_account THEN 'NOT-APPLICABLE'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN calls IS NULL THEN 'INFO'
        WHEN monitor IN ('root-use', 'cloudtrail-changes', 'sign-in-without-mfa', 'kms-key-disabled', 'config-changes') THEN 'MEDIUM'
        ELSE 'LOW'
    END AS severity,
    CASE
        WHEN calls IS NOT NULL THEN 'such events happened; whether an alarm told anybody stands in no input'
        WHEN monitor = 'organizations-changes' AND NOT is_management_account THEN 'only the management account logs such events'
        WHEN complete THEN 'no such event in the window; whether an alarm exists stands in no input'
        WHEN complete IS NULL THEN 'no logs of this account were given'
        ELSE 'no such event is seen, but the logs do not cover the window'
    END AS reason,
    monitor,
    CASE WHEN calls IS NULL AND complete THEN 0 ELSE calls END AS calls,
    principals,
    first_seen_ms,
    last_seen_ms,
    sample_event_id
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, monitor ASC NULLS LAST
