-- title: Chains of roles
-- question: Which roles are reached through other roles, and from where?
-- columns: account, resource, status, severity, reason, role_name, privilege, source, chain_depth, is_chain_whole, chain, chain_first, calls, last_seen_ms
WITH roles AS (
    SELECT role_arn, MIN(role_name) AS role_name, MIN(privilege) AS privilege
    FROM trust_entries
    GROUP BY role_arn
),
facts AS (
    SELECT
        u.role_account AS account, u.role_arn AS resource, MIN(r.role_name) AS role_name, MIN(r.privilege) AS privilege, u.source AS source,
        u.chain_depth AS chain_depth, u.is_chain_whole AS is_chain_whole, u.chain AS chain, u.chain_first AS chain_first,
        u.is_chain_from_outside AS is_chain_from_outside, MAX(u.calls) AS calls, MAX(u.last_seen_ms) AS last_seen_ms
    FROM entry_uses AS u
    LEFT JOIN roles AS r ON u.role_arn = r.role_arn
    WHERE u.chain_depth >= 2
    GROUP BY u.role_account, u.role_arn, u.source, u.chain_depth, u.is_chain_whole, u.chain, u.chain_first, u.is_chain_from_outside
),
judged AS (
    SELECT
        account, resource,
        CASE
            WHEN is_chain_from_outside THEN 'FAIL'
            WHEN chain_depth >= 3 THEN 'FAIL'
            WHEN NOT is_chain_whole THEN 'UNKNOWN'
            ELSE 'PASS'
        END AS status,
        CASE
            WHEN is_chain_from_outside AND privilege = 'admin' THEN 'HIGH'
            WHEN is_chain_from_outside AND privilege = 'privesc' THEN 'HIGH'
            ELSE 'MEDIUM'
        END AS severity,
        CASE
            WHEN is_chain_from_outside AND privilege = 'admin' THEN 'a chain that begins outside ends in a role that can do everything'
            WHEN is_chain_from_outside AND privilege = 'privesc' THEN 'a chain that begins outside ends in a role that can become an administrator'
            WHEN is_chain_from_outside THEN 'a chain begins outside: the role is open to that account though it does not trust it'
            WHEN chain_depth >= 3 THEN 'three roles or more in a row: who began is hard to tell, and sessions end after an hour'
            WHEN NOT is_chain_whole THEN 'how the first role of the chain was taken up is not in the logs'
            ELSE 'two roles in a row; the beginning is known'
        END AS reason,
        role_name, privilege, source, chain_depth, is_chain_whole, chain, chain_first, calls, last_seen_ms
    FROM facts
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'MEDIUM' AS severity, 'the logs do not cover the window' AS reason,
        n.no_text AS role_name, n.no_text AS privilege, n.no_text AS source, n.no_int AS chain_depth, n.no_bool AS is_chain_whole,
        n.no_text AS chain, n.no_text AS chain_first, n.no_int AS calls, n.no_int AS last_seen_ms
    FROM accounts AS a
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    CROSS JOIN nulls AS n
    WHERE a.owned AND (c.complete IS NULL OR NOT c.complete)
)
SELECT
    account, resource, status, severity, reason, role_name, privilege, source, chain_depth, is_chain_whole, chain, chain_first,
    calls, last_seen_ms
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, source ASC NULLS LAST, chain ASC NULLS LAST, chain_depth ASC NULLS LAST, chain_first ASC NULLS LAST
