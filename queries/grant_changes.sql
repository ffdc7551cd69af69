-- title: Changes of grants
-- question: Which call changed who holds what, when, and what did it say?
-- columns: account, event_time_ms, event_id, event_name, target_kind, target_name, target_arn, target_id, policy_name, policy_arn, document, document_sha256, version_id, set_as_default, group_name, new_name, is_told
-- size: small
-- All of them, before the window too: an earlier change tells what a later one replaced.
SELECT
    account,
    event_time_ms,
    event_id,
    event_name,
    target_kind,
    target_name,
    target_arn,
    target_id,
    policy_name,
    policy_arn,
    document,
    document_sha256,
    version_id,
    set_as_default,
    group_name,
    new_name,
    is_told
FROM grant_changes
WHERE target_kind <> 'access-key'
ORDER BY
    account ASC NULLS LAST,
    event_time_ms ASC NULLS LAST,
    event_id ASC NULLS LAST
