-- title: Full access to CloudShell
-- question: Who holds the policy AWSCloudShellFullAccess, and does anybody open a shell?
-- columns: account, resource, status, severity, reason, holder_kind, source, via, policy_arn, shell_calls, last_seen_ms, looked_at
WITH held AS (
    SELECT
        account,
        CASE WHEN source = 'group' THEN via ELSE holder_arn END AS owner_arn,
        holder_kind,
        holder_key,
        source,
        via,
        policy_arn
    FROM attachments
    WHERE account IS NOT NULL
        AND source <> 'boundary'
        AND SPLIT_PART(policy_arn, ':', 5) = 'aws'
        AND policy_name = 'AWSCloudShellFullAccess'
),
uses AS (
    SELECT h.owner_arn AS owner_arn, CAST(SUM(u.calls) AS BIGINT) AS shell_calls, MAX(u.last_seen_ms) AS last_seen_ms
    FROM held AS h
    JOIN used_actions AS u ON h.holder_key = u.principal_key
    WHERE u.action LIKE 'cloudshell:%'
    GROUP BY h.owner_arn
),
fails AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS failed
    FROM held
    WHERE source <> 'group'
    GROUP BY account
),
untold AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS unseen
    FROM principals
    WHERE untold LIKE '%attached policies%'
    GROUP BY account
),
looked AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS looked_at
    FROM attachments
    WHERE account IS NOT NULL AND source <> 'boundary' AND source <> 'group'
    GROUP BY account
),
told AS (
    SELECT
        a.account AS account,
        CASE
            WHEN NOT a.has_authorization_details THEN 'UNKNOWN'
            WHEN a.complete IS NULL OR NOT a.complete THEN 'UNKNOWN'
            WHEN b.unseen > 0 THEN 'UNKNOWN'
            ELSE 'PASS'
        END AS status,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            WHEN a.complete IS NULL OR NOT a.complete THEN 'the account authorization details are not whole'
            WHEN b.unseen > 0 THEN 'some policies of this account are not at hand'
            ELSE 'nobody holds the policy'
        END AS reason,
        f.failed AS failed,
        l.looked_at AS looked_at
    FROM accounts AS a
    LEFT JOIN fails AS f ON a.account = f.account
    LEFT JOIN untold AS b ON a.account = b.account
    LEFT JOIN looked AS l ON a.account = l.account
    WHERE a.owned
),
both AS (
    SELECT
        h.account AS account, h.owner_arn AS resource, 'FAIL' AS status, 'MEDIUM' AS severity,
        CASE
            WHEN u.shell_calls IS NULL AND c.complete THEN 'holds full access to CloudShell, and the logs show no shell'
            ELSE 'holds full access to CloudShell'
        END AS reason,
        h.holder_kind AS holder_kind, h.source AS source, h.via AS via, h.policy_arn AS policy_arn,
        CASE WHEN u.shell_calls IS NULL AND c.complete THEN 0 ELSE u.shell_calls END AS shell_calls, u.last_seen_ms AS last_seen_ms,
        n.no_int AS looked_at
    FROM held AS h
    LEFT JOIN uses AS u ON h.owner_arn = u.owner_arn
    LEFT JOIN coverage_summary AS c ON h.account = c.account
    CROSS JOIN nulls AS n
    WHERE h.source <> 'group'
    UNION ALL
    SELECT
        t.account AS account, t.account AS resource, t.status AS status, 'MEDIUM' AS severity, t.reason AS reason, n.no_text AS holder_kind,
        n.no_text AS source, n.no_text AS via, n.no_text AS policy_arn, n.no_int AS shell_calls, n.no_int AS last_seen_ms,
        t.looked_at AS looked_at
    FROM told AS t
    CROSS JOIN nulls AS n
    WHERE t.status = 'UNKNOWN' OR t.failed IS NULL
)
SELECT account, resource, status, severity, reason, holder_kind, source, via, policy_arn, shell_calls, last_seen_ms, looked_at
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, source ASC NULLS LAST
