-- title: Changes of access keys
-- question: Who made, switched and deleted which access key, and when?
-- columns: account, event_time_ms, event_name, user_name, access_key_id, status, changed_by, event_id
-- size: small
SELECT
    account,
    event_time_ms,
    event_name,
    target_name AS user_name,
    target_id AS access_key_id,
    new_status AS status,
    changed_by,
    event_id
FROM grant_changes
WHERE target_kind = 'access-key'
ORDER BY account ASC NULLS LAST, event_time_ms ASC NULLS LAST, event_id ASC NULLS LAST
