-- title: Policies that nobody holds
-- question: Which customer managed policies are attached to nobody and are nobody's boundary?
-- columns: account, resource, status, severity, reason, policy_name, created_ms, updated_ms, looked_at
WITH judged AS (
    SELECT
        m.account AS account,
        m.policy_arn AS resource,
        CASE
            WHEN m.attached_count > 0 OR m.boundary_count > 0 THEN 'PASS'
            WHEN m.attached_count IS NULL OR m.boundary_count IS NULL THEN 'UNKNOWN'
            WHEN m.created_ms IS NULL THEN 'FAIL'
            WHEN m.created_ms > p.as_of_ms - p.role_unused_days * 86400000 THEN 'UNKNOWN'
            ELSE 'FAIL'
        END AS status,
        CASE
            WHEN m.attached_count > 0 OR m.boundary_count > 0 THEN 'somebody holds it'
            WHEN m.attached_count IS NULL OR m.boundary_count IS NULL THEN 'no export says who holds it'
            WHEN m.created_ms IS NULL THEN 'nobody holds it'
            WHEN m.created_ms > p.as_of_ms - p.role_unused_days * 86400000 THEN 'nobody holds it, and it is younger than the limit: too early to tell'
            ELSE 'nobody holds it'
        END AS reason,
        m.name AS policy_name,
        m.created_ms AS created_ms,
        m.updated_ms AS updated_ms
    FROM managed_policies AS m
    CROSS JOIN params AS p
    WHERE NOT m.is_aws
),
counts AS (
    SELECT
        account,
        CAST(COUNT(*) AS BIGINT) AS looked_at,
        CAST(SUM(CASE WHEN status = 'FAIL' THEN 1 ELSE 0 END) AS BIGINT) AS failed
    FROM judged
    GROUP BY account
),
both AS (
    SELECT
        j.account AS account, j.resource AS resource, j.status AS status, 'LOW' AS severity, j.reason AS reason, j.policy_name AS policy_name,
        j.created_ms AS created_ms, j.updated_ms AS updated_ms, n.no_int AS looked_at
    FROM judged AS j
    CROSS JOIN nulls AS n
    WHERE j.status <> 'PASS'
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource,
        CASE WHEN a.has_authorization_details AND a.complete THEN 'PASS' ELSE 'UNKNOWN' END AS status,
        'LOW' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            WHEN a.complete IS NULL OR NOT a.complete THEN 'the account authorization details are not whole'
            ELSE 'every policy that is old enough is held by somebody'
        END AS reason,
        n.no_text AS policy_name, n.no_int AS created_ms, n.no_int AS updated_ms, k.looked_at AS looked_at
    FROM accounts AS a
    LEFT JOIN counts AS k ON a.account = k.account
    CROSS JOIN nulls AS n
    WHERE a.owned
        AND (k.failed IS NULL OR k.failed = 0 OR NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete)
)
SELECT account, resource, status, severity, reason, policy_name, created_ms, updated_ms, looked_at
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
