-- title: A role for AWS Support
-- question: Which accounts have a role that may open and follow cases with AWS Support?
-- columns: account, resource, status, severity, reason, roles, others, first_role, calls, last_seen_ms
WITH held AS (
    SELECT account, holder_kind, holder_arn, holder_key
    FROM attachments
    WHERE account IS NOT NULL
        AND source <> 'boundary'
        AND source <> 'group'
        AND SPLIT_PART(policy_arn, ':', 5) = 'aws'
        AND policy_name = 'AWSSupportAccess'
),
holders AS (
    SELECT
        account,
        CAST(SUM(CASE WHEN holder_kind = 'role' THEN 1 ELSE 0 END) AS BIGINT) AS roles,
        CAST(SUM(CASE WHEN holder_kind = 'role' THEN 0 ELSE 1 END) AS BIGINT) AS others,
        MIN(CASE WHEN holder_kind = 'role' THEN holder_arn END) AS first_role
    FROM held
    GROUP BY account
),
uses AS (
    SELECT h.account AS account, CAST(SUM(u.calls) AS BIGINT) AS calls, MAX(u.last_seen_ms) AS last_seen_ms
    FROM held AS h
    JOIN used_actions AS u ON h.holder_key = u.principal_key
    WHERE u.action LIKE 'support:%'
    GROUP BY h.account
),
untold AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS unseen
    FROM principals
    WHERE untold LIKE '%attached policies%'
    GROUP BY account
)
SELECT
    a.account AS account,
    a.account AS resource,
    CASE
        WHEN h.roles > 0 THEN 'PASS'
        WHEN NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete THEN 'UNKNOWN'
        WHEN b.unseen > 0 THEN 'UNKNOWN'
        ELSE 'FAIL'
    END AS status,
    'LOW' AS severity,
    CASE
        WHEN h.roles > 0 THEN 'a role may work with AWS Support'
        WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
        WHEN a.complete IS NULL OR NOT a.complete THEN 'the account authorization details are not whole'
        WHEN b.unseen > 0 THEN 'some policies of this account are not at hand'
        WHEN h.others > 0 THEN 'only users or groups may work with AWS Support'
        ELSE 'no role may work with AWS Support'
    END AS reason,
    h.roles AS roles,
    h.others AS others,
    h.first_role AS first_role,
    u.calls AS calls,
    u.last_seen_ms AS last_seen_ms
FROM accounts AS a
LEFT JOIN holders AS h ON a.account = h.account
LEFT JOIN uses AS u ON a.account = u.account
LEFT JOIN untold AS b ON a.account = b.account
WHERE a.owned
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
