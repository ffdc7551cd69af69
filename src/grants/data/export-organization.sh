# ---- The organisation -------------------------------------------------------------------------------------------

member='' assumed_at=0
own_profile=${AWS_PROFILE-} own_key=${AWS_ACCESS_KEY_ID-} own_secret=${AWS_SECRET_ACCESS_KEY-} own_token=${AWS_SESSION_TOKEN-}

# Takes a role in another account. The credentials are kept in the environment of this script and nowhere else.
assume() {
  assume_as=$(
    if [ -n "$own_profile" ]; then export AWS_PROFILE="$own_profile"; fi
    if [ -n "$own_key" ]; then
      export AWS_ACCESS_KEY_ID="$own_key" AWS_SECRET_ACCESS_KEY="$own_secret"
      if [ -n "$own_token" ]; then export AWS_SESSION_TOKEN="$own_token"; else unset AWS_SESSION_TOKEN; fi
    else
      unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    fi
    region=$home
    run sts assume-role --role-arn "arn:$partition:iam::$1:role/$role" --role-session-name trailtrim-export 2>"$work/assume"
  ) || {
    failed "accounts/$1/global/caller.json" '' "$?" "$work/assume" sts assume-role --role-arn "arn:$partition:iam::$1:role/$role"
    return 1
  }
  assume_field() { printf '%s\n' "$assume_as" | sed -n "s/^ *\"$1\": \"\\(.*\\)\",\\{0,1\\}\$/\\1/p" | head -n 1; }
  AWS_ACCESS_KEY_ID=$(assume_field AccessKeyId)
  AWS_SECRET_ACCESS_KEY=$(assume_field SecretAccessKey)
  AWS_SESSION_TOKEN=$(assume_field SessionToken)
  export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
  unset AWS_PROFILE assume_as
  assumed_at=$(date +%s)
}

# The role's credentials last an hour.
renew() {
  if [ -n "$member" ] && [ $(($(date +%s) - assumed_at)) -gt 2400 ]; then
    assume "$member" || say "account $member: the role cannot be taken again"
  fi
}

collect_member() (
  member=$1
  if assume "$member"; then collect "$member"; fi
)

collect_members() {
  chosen "$out/organization/accounts.json" Id 'Status|State' '!SUSPENDED|CLOSED|PENDING_ACTIVATION' >"$work/members"
  while read -r id; do
    if [ "$id" != "$own_account" ]; then collect_member "$id"; fi
  done <"$work/members"
}

# The tree, level by level: the roots, the units below them, the units below those.
collect_organization() {
  say organisation
  organization_rows
  items Id "$out/organization/roots.json" >"$work/units"
  while [ -s "$work/units" ]; do
    while read -r id; do
      parent_rows
      items Id "$out/organization/ous/$(safe "$id").json" >>"$work/below"
    done <"$work/units"
    mv "$work/below" "$work/units"
  done
}

# Identity Center answers in its home region only, which no other export names: the regions are asked one by one.
find_identity_center() {
  if settled sso/instances.json; then
    if [ -s "$out/sso/home-region" ]; then region=$(cat "$out/sso/home-region"); fi
    return
  fi
  mkdir -p "$out/sso"
  for region in "$home" $(enabled_regions "$out/accounts/$own_account/global"); do
    if run "$@" >"$work/instances.part" 2>"$work/why"; then
      mv "$work/instances.part" "$work/instances"
      if grep -q '"InstanceArn"' "$work/instances"; then
        printf '%s\n' "$region" >"$out/sso/home-region"
        break
      fi
    else
      instances_exit=$?
    fi
  done
  if [ -f "$work/instances" ]; then
    put sso/instances.json "$work/instances" '' plain "$1" "$2"
  else
    failed sso/instances.json '' "$instances_exit" "$work/why" "$@"
  fi
}

collect_identity_center() {
  say "Identity Center"
  identity_rows
  items InstanceArn "$out/sso/instances.json" >"$work/list.instances"
  while read -r instance; do
    instance_name=${instance##*/}
    instance_rows
    items PermissionSets "$out/sso/$instance_name/permission-sets.json" >"$work/list.sets"
    while read -r permission_set; do
      set_name=${permission_set##*/}
      set_rows
    done <"$work/list.sets"
  done <"$work/list.instances"
  region=$home
}
