-- title: Resources shared outside
-- question: Which resources do policies, shares, grants and access lists open to everybody or to accounts that are not ours?
-- columns: account, resource, status, severity, reason, service, way, statement, entry_kind, entry, entry_account, label, conditions, seen_principals, last_seen_ms, looked_at
-- Of the conditions the first is looked at: where it holds everybody to our organisation or to the owner's account, nothing is open.
WITH aws_keys AS (
    SELECT DISTINCT thing
    FROM inventory
    WHERE kind = 'kms-key' AND state = 'present' AND detail LIKE 'AWS%'
),
bucket_blocks AS (
    SELECT
        'arn:aws:s3:::' || thing AS resource,
        MAX(CASE WHEN detail LIKE '%RestrictPublicBuckets%' THEN 1 ELSE 0 END) AS policy_blocked,
        MAX(CASE WHEN detail LIKE '%IgnorePublicAcls%' THEN 1 ELSE 0 END) AS acl_blocked
    FROM inventory
    WHERE kind = 'bucket-block-public-access' AND state = 'present'
    GROUP BY thing
),
account_blocks AS (
    SELECT
        account,
        MAX(CASE WHEN detail LIKE '%RestrictPublicBuckets%' THEN 1 ELSE 0 END) AS policy_blocked,
        MAX(CASE WHEN detail LIKE '%IgnorePublicAcls%' THEN 1 ELSE 0 END) AS acl_blocked
    FROM inventory
    WHERE kind = 'account-block-public-access' AND state = 'present'
    GROUP BY account
),
no_acls AS (
    SELECT DISTINCT account, thing
    FROM inventory
    WHERE kind = 'bucket-ownership' AND state = 'present' AND detail LIKE '%Enforced%'
),
named AS (
    SELECT
        g.account AS account,
        g.resource_arn AS resource,
        g.service AS service,
        CASE WHEN g.policy_type = 'shared' THEN 'share' ELSE 'policy' END AS way,
        g.policy_name || ' ' || g.statement AS statement,
        CASE WHEN g.entry = 'NotPrincipal' THEN 'any' ELSE g.entry_kind END AS entry_kind,
        g.entry AS entry,
        g.entry_account AS entry_account,
        g.conditions AS conditions
    FROM resource_grants AS g
    LEFT JOIN aws_keys AS k ON g.resource_arn = k.thing
    WHERE g.effect = 'Allow'
        AND k.thing IS NULL
        AND (g.is_external OR g.entry_kind = 'canonical' OR g.entry_kind = 'dangling-id' OR g.entry = 'NotPrincipal')
),
other_ways AS (
    SELECT
        i.account AS account,
        i.thing AS resource,
        CASE WHEN i.kind = 'kms-grant' THEN 'kms' ELSE 'ram' END AS service,
        CASE WHEN i.kind = 'kms-grant' THEN 'grant' ELSE 'share' END AS way,
        i.detail AS statement,
        CASE WHEN i.kind = 'kms-grant' THEN 'role' ELSE 'account-root' END AS entry_kind,
        i.subject AS entry,
        CASE WHEN i.subject LIKE 'arn:%' THEN SPLIT_PART(i.subject, ':', 5) ELSE i.subject END AS entry_account,
        n.no_text AS conditions
    FROM inventory AS i
    CROSS JOIN nulls AS n
    WHERE i.state = 'present'
        AND ((i.kind = 'kms-grant' AND i.subject LIKE 'arn:%:iam::%') OR (i.kind = 'resource-share' AND i.detail LIKE '%external=true%'))
    UNION ALL
    SELECT
        i.account AS account,
        'arn:aws:s3:::' || i.thing AS resource,
        's3' AS service,
        'acl' AS way,
        i.detail AS statement,
        'any' AS entry_kind,
        'everybody' AS entry,
        n.no_text AS entry_account,
        n.no_text AS conditions
    FROM inventory AS i
    LEFT JOIN no_acls AS o ON i.account = o.account AND i.thing = o.thing
    CROSS JOIN nulls AS n
    WHERE i.kind = 'bucket-acl' AND i.state = 'present' AND i.detail LIKE '%to everybody%' AND o.thing IS NULL
),
all_ways AS (
    SELECT account, resource, service, way, statement, entry_kind, entry, entry_account, conditions
    FROM named
    UNION ALL
    SELECT account, resource, service, way, statement, entry_kind, entry, entry_account, conditions
    FROM other_ways
),
ways AS (
    SELECT DISTINCT account, resource, service, way, statement, entry_kind, entry, entry_account, conditions
    FROM all_ways
),
opened AS (
    SELECT
        w.account AS account,
        w.resource AS resource,
        w.service AS service,
        w.way AS way,
        w.statement AS statement,
        w.entry_kind AS entry_kind,
        w.entry AS entry,
        w.entry_account AS entry_account,
        v.label AS label,
        w.conditions AS conditions,
        CASE
            WHEN w.way = 'acl' AND (b.acl_blocked = 1 OR c.acl_blocked = 1) THEN 1
            WHEN w.service = 's3' AND w.way = 'policy' AND w.entry_kind = 'any' AND (b.policy_blocked = 1 OR c.policy_blocked = 1) THEN 1
            ELSE 0
        END AS is_blocked,
        CASE
            WHEN LOWER(SPLIT_PART(SPLIT_PART(w.conditions, '; ', 1), ' = ', 1)) IN ('stringequals aws:principalorgid', 'stringequals aws:sourceorgid')
                AND SPLIT_PART(SPLIT_PART(w.conditions, '; ', 1), ' = ', 2) = o.organisation_id THEN 1
            WHEN LOWER(SPLIT_PART(SPLIT_PART(w.conditions, '; ', 1), ' = ', 1)) IN (
                    'stringequals aws:principalaccount', 'stringequals aws:sourceaccount', 'stringequals aws:sourceowner', 'stringequals kms:calleraccount')
                AND SPLIT_PART(SPLIT_PART(w.conditions, '; ', 1), ' = ', 2) = w.account THEN 1
            ELSE 0
        END AS is_held,
        CASE WHEN e.owned THEN 1 ELSE 0 END AS is_own
    FROM ways AS w
    LEFT JOIN accounts AS o ON w.account = o.account
    LEFT JOIN accounts AS e ON w.entry_account = e.account
    LEFT JOIN known_accounts AS v ON w.entry_account = v.account
    LEFT JOIN bucket_blocks AS b ON w.resource = b.resource
    LEFT JOIN account_blocks AS c ON w.account = c.account
),
seen AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS seen_principals, MAX(last_allowed_ms) AS last_seen_ms
    FROM activity
    WHERE allowed_calls > 0
    GROUP BY account
),
found AS (
    SELECT
        account, resource, service, way, statement, entry_kind, entry, entry_account, label, conditions,
        CASE WHEN entry_kind = 'canonical' THEN 'UNKNOWN' ELSE 'FAIL' END AS status,
        CASE
            WHEN is_blocked = 1 OR entry_kind = 'dangling-id' OR entry_kind = 'canonical' THEN 'LOW'
            WHEN entry_kind = 'any' AND conditions IS NULL THEN 'CRITICAL'
            WHEN entry_kind = 'any' THEN 'HIGH'
            WHEN label IS NOT NULL THEN 'LOW'
            ELSE 'MEDIUM'
        END AS severity,
        CASE
            WHEN entry_kind = 'canonical' THEN 'shared with a canonical user: no export says whose it is'
            WHEN is_blocked = 1 THEN 'open to everybody, but for the block of public access'
            WHEN entry_kind = 'dangling-id' THEN 'names a principal that was deleted: remove the entry'
            WHEN entry_kind = 'any' AND conditions IS NULL THEN 'open to everybody'
            WHEN entry_kind = 'any' THEN 'everybody is named: only the condition keeps strangers out'
            WHEN label IS NOT NULL THEN 'shared with an outside account that is on the list of vendors'
            ELSE 'shared with an outside account'
        END AS reason
    FROM opened
    WHERE is_own = 0 AND is_held = 0
),
fails AS (
    SELECT account, CAST(SUM(CASE WHEN is_own = 0 AND is_held = 0 THEN 1 ELSE 0 END) AS BIGINT) AS failed
    FROM opened
    GROUP BY account
),
places AS (
    SELECT account, CASE WHEN is_readable THEN 0 ELSE 1 END AS is_unread
    FROM documents
    WHERE policy_type = 'resource' AND owner_kind = 'resource'
    UNION ALL
    SELECT account, CASE WHEN state = 'unknown' THEN 1 ELSE 0 END AS is_unread
    FROM inventory
    WHERE kind = 'bucket-acl' OR kind = 'kms-key'
),
looked AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS looked_at, CAST(SUM(is_unread) AS BIGINT) AS unread
    FROM places
    GROUP BY account
),
told AS (
    SELECT
        a.account AS account,
        CASE WHEN l.looked_at IS NULL OR l.unread > 0 THEN 'UNKNOWN' ELSE 'PASS' END AS status,
        CASE
            WHEN l.looked_at IS NULL THEN 'no policies of resources of this account were given'
            WHEN l.unread > 0 THEN 'the policies of some resources are not known'
            ELSE 'no resource that was exported is open to the outside'
        END AS reason,
        COALESCE(f.failed, 0) AS failed,
        l.looked_at AS looked_at
    FROM accounts AS a
    LEFT JOIN fails AS f ON a.account = f.account
    LEFT JOIN looked AS l ON a.account = l.account
    WHERE a.owned
),
both AS (
    SELECT
        f.account AS account, f.resource AS resource, f.status AS status, f.severity AS severity, f.reason AS reason, f.service AS service,
        f.way AS way, f.statement AS statement, f.entry_kind AS entry_kind, f.entry AS entry, f.entry_account AS entry_account, f.label AS label,
        f.conditions AS conditions, s.seen_principals AS seen_principals, s.last_seen_ms AS last_seen_ms, n.no_int AS looked_at
    FROM found AS f
    LEFT JOIN seen AS s ON f.entry_account = s.account
    CROSS JOIN nulls AS n
    UNION ALL
    SELECT
        t.account AS account, t.account AS resource, t.status AS status, 'MEDIUM' AS severity, t.reason AS reason, n.no_text AS service,
        n.no_text AS way, n.no_text AS statement, n.no_text AS entry_kind, n.no_text AS entry, n.no_text AS entry_account, n.no_text AS label,
        n.no_text AS conditions, n.no_int AS seen_principals, n.no_int AS last_seen_ms, t.looked_at AS looked_at
    FROM told AS t
    CROSS JOIN nulls AS n
    WHERE t.status = 'UNKNOWN' OR t.failed = 0
)
SELECT account, resource, status, severity, reason, service, way, statement, entry_kind, entry, entry_account, label, conditions,
    seen_principals, last_seen_ms, looked_at
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, way ASC NULLS LAST, statement ASC NULLS LAST, entry ASC NULLS LAST
