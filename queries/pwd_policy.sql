-- title: Password policy
-- question: Which rules does the password policy of each account not keep?
-- columns: account, resource, status, severity, reason, rule, wanted, found, passwords
-- One row per account and rule. AWS's default, where an account has no policy of its own, keeps none of them.
WITH rules AS (
    SELECT 'minimum-length' AS rule, password_min_length AS wanted FROM params
    UNION ALL
    SELECT 'reuse-prevention' AS rule, password_reuse AS wanted FROM params
    UNION ALL
    SELECT 'maximum-age' AS rule, password_max_age_days AS wanted FROM params
    UNION ALL
    SELECT 'upper-case' AS rule, no_int AS wanted FROM nulls
    UNION ALL
    SELECT 'lower-case' AS rule, no_int AS wanted FROM nulls
    UNION ALL
    SELECT 'number' AS rule, no_int AS wanted FROM nulls
    UNION ALL
    SELECT 'symbol' AS rule, no_int AS wanted FROM nulls
),
holders AS (
    SELECT account, CAST(SUM(CASE WHEN present AND active THEN 1 ELSE 0 END) AS BIGINT) AS passwords
    FROM credentials
    WHERE slot = 'password' AND user_name <> '<root_account>'
    GROUP BY account
),
told AS (
    SELECT
        a.account AS account,
        r.rule AS rule,
        r.wanted AS wanted,
        COALESCE(w.state, 'unknown') AS state,
        CASE
            WHEN r.rule = 'minimum-length' THEN w.minimum_length
            WHEN r.rule = 'reuse-prevention' THEN w.reuse_prevention
            WHEN r.rule = 'maximum-age' THEN w.max_age_days
        END AS found,
        CASE
            WHEN r.rule = 'minimum-length' THEN w.minimum_length >= r.wanted
            WHEN r.rule = 'reuse-prevention' THEN w.reuse_prevention >= r.wanted
            WHEN r.rule = 'maximum-age' THEN w.max_age_days > 0 AND w.max_age_days <= r.wanted
            WHEN r.rule = 'upper-case' THEN w.require_uppercase
            WHEN r.rule = 'lower-case' THEN w.require_lowercase
            WHEN r.rule = 'number' THEN w.require_numbers
            ELSE w.require_symbols
        END AS kept,
        h.passwords AS passwords
    FROM accounts AS a
    CROSS JOIN rules AS r
    LEFT JOIN password_policies AS w ON a.account = w.account
    LEFT JOIN holders AS h ON a.account = h.account
    WHERE a.owned
)
SELECT
    account,
    account AS resource,
    CASE
        WHEN wanted = 0 THEN 'NOT-APPLICABLE'
        WHEN state = 'unknown' THEN 'UNKNOWN'
        WHEN state = 'absent' THEN 'FAIL'
        WHEN kept THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN passwords = 0 THEN 'LOW'
        WHEN rule = 'minimum-length' OR rule = 'reuse-prevention' THEN 'MEDIUM'
        ELSE 'LOW'
    END AS severity,
    CASE
        WHEN wanted = 0 THEN 'the configuration does not ask for this rule'
        WHEN state = 'unknown' THEN 'the password policy of this account was not exported'
        WHEN state = 'absent' THEN 'no password policy of its own: the default of AWS holds, which is weaker'
        WHEN kept THEN 'the password policy keeps the rule'
        ELSE 'the password policy does not keep the rule'
    END AS reason,
    rule,
    wanted,
    found,
    passwords
FROM told
ORDER BY account ASC NULLS LAST, rule ASC NULLS LAST
