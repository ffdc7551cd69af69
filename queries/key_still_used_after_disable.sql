-- title: Disabled access keys that are still tried
-- question: With which disabled or deleted access keys does somebody still call?
-- columns: account, resource, status, severity, reason, user_name, access_key_id, disabled_ms, disabled_by, last_denied_ms, last_allowed_ms, networks
-- A quarter of an hour is left for the change to reach every region.
WITH latest AS (
    SELECT access_key_id, MAX(event_time_ms) AS event_time_ms
    FROM key_changes
    WHERE access_key_id IS NOT NULL
    GROUP BY access_key_id
),
disabled AS (
    SELECT k.account AS account, k.access_key_id AS access_key_id, MAX(k.user_name) AS user_name, MAX(k.event_time_ms) AS disabled_ms, MAX(k.changed_by) AS disabled_by
    FROM key_changes AS k
    JOIN latest AS l ON k.access_key_id = l.access_key_id AND k.event_time_ms = l.event_time_ms
    WHERE k.event_name = 'DeleteAccessKey' OR k.status = 'Inactive'
    GROUP BY k.account, k.access_key_id
),
tried AS (
    SELECT
        d.access_key_id AS access_key_id,
        MAX(s.principal_arn) AS principal_arn,
        MAX(s.last_denied_ms) AS last_denied_ms,
        CAST(COUNT(DISTINCT s.network) AS BIGINT) AS networks
    FROM disabled AS d
    JOIN key_sources AS s ON d.access_key_id = s.access_key_id
    WHERE s.last_seen_ms > d.disabled_ms + 900000
    GROUP BY d.access_key_id
),
allowed AS (
    SELECT access_key_id, MAX(principal_arn) AS principal_arn, MAX(last_seen_ms) AS last_allowed_ms
    FROM key_activity
    GROUP BY access_key_id
),
judged AS (
    SELECT
        a.account AS account,
        COALESCE(w.principal_arn, t.principal_arn, d.access_key_id, a.account) AS resource,
        CASE
            WHEN w.last_allowed_ms > d.disabled_ms + 900000 THEN 'works'
            WHEN t.last_denied_ms > d.disabled_ms + 900000 THEN 'tried'
            WHEN c.complete THEN 'quiet'
            ELSE 'uncovered'
        END AS verdict,
        d.user_name AS user_name,
        d.access_key_id AS access_key_id,
        d.disabled_ms AS disabled_ms,
        d.disabled_by AS disabled_by,
        t.last_denied_ms AS last_denied_ms,
        w.last_allowed_ms AS last_allowed_ms,
        t.networks AS networks
    FROM accounts AS a
    LEFT JOIN disabled AS d ON a.account = d.account
    LEFT JOIN tried AS t ON d.access_key_id = t.access_key_id
    LEFT JOIN allowed AS w ON d.access_key_id = w.access_key_id
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    WHERE a.owned
)
SELECT
    account,
    resource,
    CASE
        WHEN verdict = 'works' OR verdict = 'tried' THEN 'FAIL'
        WHEN access_key_id IS NULL AND verdict = 'quiet' THEN 'NOT-APPLICABLE'
        ELSE 'UNKNOWN'
    END AS status,
    CASE WHEN verdict = 'works' THEN 'HIGH' ELSE 'MEDIUM' END AS severity,
    CASE
        WHEN verdict = 'works' THEN 'calls with the key succeed after it was disabled: somebody switched it on again, or the change did not hold'
        WHEN verdict = 'tried' THEN 'somebody still calls with the key and is denied'
        WHEN verdict = 'uncovered' THEN 'the logs do not cover the window'
        WHEN access_key_id IS NULL THEN 'the logs show no access key that was disabled or deleted'
        ELSE 'no call with the key is in the logs, which show few calls with disabled keys'
    END AS reason,
    user_name,
    access_key_id,
    disabled_ms,
    disabled_by,
    last_denied_ms,
    last_allowed_ms,
    networks
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, access_key_id ASC NULLS LAST
