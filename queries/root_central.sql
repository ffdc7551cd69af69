-- title: Central root access
-- question: Which organisations do not manage the root users of their accounts centrally?
-- columns: account, resource, status, severity, reason, feature, organisation_id, assume_root_calls, assume_root_callers
WITH managers AS (
    SELECT organisation_id, MAX(account) AS account
    FROM accounts
    WHERE is_management_account
    GROUP BY organisation_id
),
features AS (
    SELECT 'RootCredentialsManagement' AS feature FROM nulls
    UNION ALL
    SELECT 'RootSessions' AS feature FROM nulls
),
exported AS (
    SELECT account, thing, state
    FROM inventory
    WHERE kind = 'organisation-feature'
),
taken AS (
    SELECT a.organisation_id AS organisation_id, CAST(SUM(u.calls) AS BIGINT) AS calls, CAST(COUNT(DISTINCT u.principal_key) AS BIGINT) AS callers
    FROM used_actions AS u
    JOIN accounts AS a ON u.account = a.account
    WHERE u.action = 'sts:AssumeRoot'
    GROUP BY a.organisation_id
),
told AS (
    SELECT
        m.account AS account,
        f.feature AS feature,
        m.organisation_id AS organisation_id,
        COALESCE(i.state, 'unknown') AS state,
        t.calls AS calls,
        t.callers AS callers
    FROM managers AS m
    CROSS JOIN features AS f
    LEFT JOIN exported AS i ON m.account = i.account AND f.feature = i.thing
    LEFT JOIN taken AS t ON m.organisation_id = t.organisation_id
    UNION ALL
    SELECT
        a.account AS account,
        n.no_text AS feature,
        a.organisation_id AS organisation_id,
        'no manager' AS state,
        n.no_int AS calls,
        n.no_int AS callers
    FROM accounts AS a
    LEFT JOIN managers AS m ON a.organisation_id = m.organisation_id
    CROSS JOIN nulls AS n
    WHERE a.owned AND m.account IS NULL
)
SELECT
    account,
    account AS resource,
    CASE WHEN state = 'present' THEN 'PASS' WHEN state = 'absent' THEN 'FAIL' ELSE 'UNKNOWN' END AS status,
    'MEDIUM' AS severity,
    CASE
        WHEN state = 'no manager' THEN 'no export tells of which organisation this account is, or which account manages it'
        WHEN state = 'present' AND feature = 'RootSessions' THEN 'sessions of the root users of member accounts are on'
        WHEN state = 'present' THEN 'the root credentials of member accounts are managed centrally'
        WHEN state = 'absent' AND feature = 'RootSessions' THEN 'sessions of the root users of member accounts are off: tasks of the root user need its password'
        WHEN state = 'absent' THEN 'every member account keeps root credentials of its own'
        ELSE 'the organisation features of IAM were not exported'
    END AS reason,
    feature,
    organisation_id,
    calls AS assume_root_calls,
    callers AS assume_root_callers
FROM told
ORDER BY account ASC NULLS LAST, feature ASC NULLS LAST
