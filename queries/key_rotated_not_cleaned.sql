-- title: Rotations that were not finished
-- question: Which users work with a new access key while the old one is still active?
-- columns: account, resource, status, severity, reason, user_name, old_slot, old_made_ms, old_used_ms, new_made_ms, new_used_ms
-- A week is left for the rotation itself.
WITH users AS (
    SELECT
        account,
        user_arn,
        user_name,
        CAST(SUM(CASE WHEN active THEN 1 ELSE 0 END) AS BIGINT) AS active_keys,
        CAST(SUM(CASE WHEN last_used_known THEN 0 ELSE 1 END) AS BIGINT) AS untold,
        MIN(COALESCE(created_ms, last_changed_ms)) AS old_made_ms,
        MAX(COALESCE(created_ms, last_changed_ms)) AS new_made_ms,
        MAX(CASE WHEN slot = 'access_key_1' THEN COALESCE(created_ms, last_changed_ms) END) AS first_made_ms,
        MAX(CASE WHEN slot = 'access_key_2' THEN COALESCE(created_ms, last_changed_ms) END) AS second_made_ms,
        MAX(CASE WHEN slot = 'access_key_1' THEN last_used_ms END) AS first_used_ms,
        MAX(CASE WHEN slot = 'access_key_2' THEN last_used_ms END) AS second_used_ms
    FROM credentials
    WHERE present AND user_name <> '<root_account>' AND (slot = 'access_key_1' OR slot = 'access_key_2')
    GROUP BY account, user_arn, user_name
),
told AS (
    SELECT
        a.account AS account,
        COALESCE(u.user_arn, u.user_name, a.account) AS resource,
        a.has_credential_report AS has_credential_report,
        u.user_name AS user_name,
        u.active_keys AS active_keys,
        u.untold AS untold,
        CASE WHEN u.first_made_ms < u.second_made_ms THEN 'access_key_1' WHEN u.second_made_ms < u.first_made_ms THEN 'access_key_2' END AS old_slot,
        u.old_made_ms AS old_made_ms,
        u.new_made_ms AS new_made_ms,
        CASE WHEN u.first_made_ms < u.second_made_ms THEN u.first_used_ms ELSE u.second_used_ms END AS old_used_ms,
        CASE WHEN u.first_made_ms < u.second_made_ms THEN u.second_used_ms ELSE u.first_used_ms END AS new_used_ms,
        p.as_of_ms - 604800000 AS week_ago_ms
    FROM accounts AS a
    LEFT JOIN users AS u ON a.account = u.account
    CROSS JOIN params AS p
    WHERE a.owned
),
judged AS (
    SELECT
        account,
        resource,
        CASE
            WHEN NOT has_credential_report THEN 'not-given'
            WHEN user_name IS NULL THEN 'none'
            WHEN active_keys < 2 THEN 'clean'
            WHEN old_slot IS NULL THEN 'undated'
            WHEN new_made_ms > week_ago_ms THEN 'under-way'
            WHEN new_used_ms IS NULL AND untold = 0 THEN 'not-begun'
            WHEN new_used_ms IS NULL THEN 'untold'
            WHEN old_used_ms >= new_made_ms THEN 'both'
            WHEN untold > 0 THEN 'untold'
            ELSE 'silent'
        END AS verdict,
        user_name,
        CASE WHEN active_keys > 1 THEN old_slot END AS old_slot,
        old_made_ms,
        old_used_ms,
        new_made_ms,
        new_used_ms
    FROM told
)
SELECT
    account,
    resource,
    CASE
        WHEN verdict = 'both' OR verdict = 'silent' THEN 'FAIL'
        WHEN verdict = 'not-given' OR verdict = 'undated' OR verdict = 'untold' THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    'MEDIUM' AS severity,
    CASE
        WHEN verdict = 'not-given' THEN 'no credential report of this account was given'
        WHEN verdict = 'none' THEN 'no user of this account has an access key'
        WHEN verdict = 'clean' THEN 'no older key is active beside a newer one'
        WHEN verdict = 'undated' THEN 'two active keys, and no export says which is older'
        WHEN verdict = 'under-way' THEN 'the newer key is younger than a week: a rotation may be under way'
        WHEN verdict = 'not-begun' THEN 'the newer key is not in use: no rotation was begun'
        WHEN verdict = 'untold' THEN 'the report does not tell when the keys were used'
        WHEN verdict = 'both' THEN 'the new key is in use, and the old one is used as well: not everything was moved'
        ELSE 'the new key is in use and the old one silent, but still active'
    END AS reason,
    user_name,
    old_slot,
    old_made_ms,
    old_used_ms,
    new_made_ms,
    new_used_ms
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
