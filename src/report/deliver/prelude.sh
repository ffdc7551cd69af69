here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
saved=$here/saved
dry='' force=''
for word; do
    case $word in
        --dry-run) dry=yes ;;
        --force) force=yes ;;
        *) echo "unknown option $word; there are --dry-run and --force" >&2; exit 2 ;;
    esac
done

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# Runs a command that changes something, or prints it.
run() {
    if [ -n "$dry" ]; then
        printf '+'
        for word; do printf " '%s'" "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"; done
        printf '\n'
    else
        "$@" > /dev/null
    fi
}

# Runs a command that reads; nothing where AWS has no such thing, and the end where it fails otherwise.
ask() {
    if answer=$("$@" 2> "$saved/error"); then
        printf '%s' "$answer"
    elif grep -q -e NoSuchEntity -e ResourceNotFound "$saved/error"; then
        return 0
    else
        cat "$saved/error" >&2
        return 1
    fi
}

# Two documents are the same if they say the same: order of keys, and one text or a list of one, do not count.
same() {
    if command -v python3 > /dev/null; then
        python3 - "$1" "$2" << 'END'
import json, sys
def plain(x):
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, list):
        return plain(x[0]) if len(x) == 1 else [plain(v) for v in x]
    return str(x).lower() if isinstance(x, bool) else str(x)
def read(path):
    with open(path, encoding="utf-8") as file:
        return plain(json.load(file))
sys.exit(0 if read(sys.argv[1]) == read(sys.argv[2]) else 1)
END
    elif command -v jq > /dev/null; then
        plain='walk(if type == "array" and length == 1 then .[0] elif type == "object" or type == "array" then . else tostring end)'
        [ "$(jq -S "$plain" "$1")" = "$(jq -S "$plain" "$2")" ]
    else
        say "neither python3 nor jq: what AWS holds cannot be compared" >&2
        return 1
    fi
}

# Keeps what AWS holds, once, and stops if that is neither what was analysed nor what is to be.
guard() { # LIVE NAME CURRENT PROPOSED
    [ -s "$1" ] || return 0
    if [ -n "$4" ] && same "$1" "$here/$4"; then return 0; fi
    if same "$1" "$here/$3" || [ -n "$force" ]; then
        [ -n "$dry" ] || [ -e "$saved/$2" ] || cp "$1" "$saved/$2"
        return 0
    fi
    fail "AWS holds another document than $3: analyse again, or use --force"
}

# The document to go back to: as AWS held it, else as it was analysed.
before() { if [ -e "$saved/$1" ]; then printf '%s' "$saved/$1"; else printf '%s' "$here/$2"; fi; }

put_inline() { # KIND NAME POLICY CURRENT PROPOSED
    ask aws iam "get-$1-policy" "--$1-name" "$2" --policy-name "$3" --query PolicyDocument --output json > "$saved/live"
    if [ ! -s "$saved/live" ] && [ -z "$5" ]; then return 0; fi
    [ -s "$saved/live" ] || [ -n "$force" ] || fail "$1 $2 has no inline policy $3 any more: analyse again, or use --force"
    guard "$saved/live" "inline-$4" "$4" "$5"
    if [ -n "$5" ]; then
        run aws iam "put-$1-policy" "--$1-name" "$2" --policy-name "$3" --policy-document "file://$here/$5"
    else
        run aws iam "delete-$1-policy" "--$1-name" "$2" --policy-name "$3"
    fi
}
restore_inline() { # KIND NAME POLICY CURRENT
    run aws iam "put-$1-policy" "--$1-name" "$2" --policy-name "$3" --policy-document "file://$(before "inline-$4" "$4")"
}

default_version() { ask aws iam get-policy --policy-arn "$1" --query Policy.DefaultVersionId --output text; }
version_document() { ask aws iam get-policy-version --policy-arn "$1" --version-id "$2" --query PolicyVersion.Document --output json; }

set_version() { # ARN VERSION CURRENT PROPOSED
    now=$(default_version "$1")
    [ -n "$now" ] || fail "there is no policy $1"
    version_document "$1" "$now" > "$saved/live"
    guard "$saved/live" "version-$3" "$3" "$4"
    if same "$saved/live" "$here/$4"; then return 0; fi
    [ -n "$dry" ] || [ -e "$saved/id-$3" ] || printf '%s' "$now" > "$saved/id-$3"
    count=$(ask aws iam list-policy-versions --policy-arn "$1" --query 'length(Versions)' --output text)
    if [ "$count" -ge 5 ]; then
        # Five versions are the most: the oldest that is not in force makes room, and is kept here.
        old=$(ask aws iam list-policy-versions --policy-arn "$1" --query 'Versions[?!IsDefaultVersion] | [-1].VersionId' --output text)
        [ -n "$dry" ] || version_document "$1" "$old" > "$saved/deleted-$old-$3"
        run aws iam delete-policy-version --policy-arn "$1" --version-id "$old"
    fi
    run aws iam create-policy-version --policy-arn "$1" --policy-document "file://$here/$4" --set-as-default
    [ -n "$dry" ] || default_version "$1" > "$saved/new-$3"
}
restore_version() { # ARN VERSION CURRENT
    then=$2
    [ ! -e "$saved/id-$3" ] || then=$(cat "$saved/id-$3")
    if [ -n "$then" ] && [ -n "$(version_document "$1" "$then")" ]; then
        run aws iam set-default-policy-version --policy-arn "$1" --version-id "$then"
        if [ -e "$saved/new-$3" ] && [ "$(cat "$saved/new-$3")" != "$then" ] && [ -n "$(version_document "$1" "$(cat "$saved/new-$3")")" ]; then
            run aws iam delete-policy-version --policy-arn "$1" --version-id "$(cat "$saved/new-$3")"
        fi
    else
        run aws iam create-policy-version --policy-arn "$1" --policy-document "file://$(before "version-$3" "$3")" --set-as-default
    fi
}

create_policy() { # ARN NAME PATH PROPOSED
    now=$(default_version "$1")
    if [ -z "$now" ]; then
        run aws iam create-policy --policy-name "$2" --path "$3" --policy-document "file://$here/$4"
        return 0
    fi
    version_document "$1" "$now" > "$saved/live"
    same "$saved/live" "$here/$4" || [ -n "$force" ] || fail "there is a policy $1 already, with another document"
}
delete_policy() { # ARN
    [ -z "$(default_version "$1")" ] || run aws iam delete-policy --policy-arn "$1"
}

attach() { run aws iam "attach-$1-policy" "--$1-name" "$2" --policy-arn "$3"; } # KIND NAME ARN
detach() { # KIND NAME ARN
    held=$(ask aws iam "list-attached-$1-policies" "--$1-name" "$2" --query "AttachedPolicies[?PolicyArn=='$3'].PolicyArn" --output text)
    [ -z "$held" ] || run aws iam "detach-$1-policy" "--$1-name" "$2" --policy-arn "$3"
}

put_trust() { # ROLE CURRENT PROPOSED
    ask aws iam get-role --role-name "$1" --query Role.AssumeRolePolicyDocument --output json > "$saved/live"
    [ -s "$saved/live" ] || fail "there is no role $1"
    guard "$saved/live" "trust-$2" "$2" "$3"
    run aws iam update-assume-role-policy --role-name "$1" --policy-document "file://$here/$3"
}
restore_trust() { # ROLE CURRENT
    run aws iam update-assume-role-policy --role-name "$1" --policy-document "file://$(before "trust-$2" "$2")"
}

put_set() { # INSTANCE SET CURRENT PROPOSED
    ask aws sso-admin get-inline-policy-for-permission-set --instance-arn "$1" --permission-set-arn "$2" --query InlinePolicy --output text > "$saved/live"
    guard "$saved/live" "set-$3" "$3" "$4"
    if [ -n "$4" ]; then
        run aws sso-admin put-inline-policy-to-permission-set --instance-arn "$1" --permission-set-arn "$2" --inline-policy "file://$here/$4"
    else
        run aws sso-admin delete-inline-policy-from-permission-set --instance-arn "$1" --permission-set-arn "$2"
    fi
    run aws sso-admin provision-permission-set --instance-arn "$1" --permission-set-arn "$2" --target-type ALL_PROVISIONED_ACCOUNTS
}
restore_set() { # INSTANCE SET CURRENT
    if [ -n "$3" ] || [ -e "$saved/set-$3" ]; then
        run aws sso-admin put-inline-policy-to-permission-set --instance-arn "$1" --permission-set-arn "$2" --inline-policy "file://$(before "set-$3" "$3")"
    else
        run aws sso-admin delete-inline-policy-from-permission-set --instance-arn "$1" --permission-set-arn "$2"
    fi
    run aws sso-admin provision-permission-set --instance-arn "$1" --permission-set-arn "$2" --target-type ALL_PROVISIONED_ACCOUNTS
}

set_holds() { # INSTANCE SET ARN
    ask aws sso-admin list-managed-policies-in-permission-set --instance-arn "$1" --permission-set-arn "$2" --query "AttachedManagedPolicies[?Arn=='$3'].Arn" --output text
}
detach_set() { # INSTANCE SET ARN
    [ -n "$(set_holds "$1" "$2" "$3")" ] || return 0
    run aws sso-admin detach-managed-policy-from-permission-set --instance-arn "$1" --permission-set-arn "$2" --managed-policy-arn "$3"
    run aws sso-admin provision-permission-set --instance-arn "$1" --permission-set-arn "$2" --target-type ALL_PROVISIONED_ACCOUNTS
}
attach_set() { # INSTANCE SET ARN
    [ -z "$(set_holds "$1" "$2" "$3")" ] || return 0
    run aws sso-admin attach-managed-policy-to-permission-set --instance-arn "$1" --permission-set-arn "$2" --managed-policy-arn "$3"
    run aws sso-admin provision-permission-set --instance-arn "$1" --permission-set-arn "$2" --target-type ALL_PROVISIONED_ACCOUNTS
}

finish() { rm -f "$saved/live" "$saved/error"; say 'done'; }

mkdir -p "$saved"
AWS_PAGER='' AWS_CLI_FILE_ENCODING=UTF-8
export AWS_PAGER AWS_CLI_FILE_ENCODING
caller=$(aws sts get-caller-identity --query Account --output text)
[ "$caller" = "$account" ] || fail "these credentials are of account $caller, the policies of $account"
