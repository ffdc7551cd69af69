-- title: Policies on users
-- question: Which users hold policies directly, not through a group or role?
-- columns: account, resource, status, severity, reason, user_name, attached_count, inline_count, group_count
WITH users AS (
    SELECT account, arn, name, attached_count, inline_count, group_count, untold
    FROM principals
    WHERE kind = 'user'
)
SELECT
    a.account AS account,
    COALESCE(u.arn, a.account) AS resource,
    CASE
        WHEN u.attached_count > 0 OR u.inline_count > 0 THEN 'FAIL'
        WHEN NOT a.has_authorization_details THEN 'UNKNOWN'
        WHEN u.arn IS NULL AND NOT a.complete THEN 'UNKNOWN'
        WHEN u.untold LIKE '%polic%' THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    'LOW' AS severity,
    CASE
        WHEN u.attached_count > 0 AND u.inline_count > 0 THEN 'managed and inline policies are on the user itself'
        WHEN u.attached_count > 0 THEN 'managed policies are on the user itself'
        WHEN u.inline_count > 0 THEN 'inline policies are on the user itself'
        WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
        WHEN u.arn IS NULL AND NOT a.complete THEN 'the account authorization details are not whole'
        WHEN u.untold LIKE '%polic%' THEN 'the exports do not tell all policies of the user'
        WHEN u.arn IS NULL THEN 'the account has no users'
        ELSE 'no policy is on the user itself'
    END AS reason,
    u.name AS user_name,
    u.attached_count AS attached_count,
    u.inline_count AS inline_count,
    u.group_count AS group_count
FROM accounts AS a
LEFT JOIN users AS u ON a.account = u.account
WHERE a.owned
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
