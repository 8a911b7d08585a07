#!/usr/bin/env bash
# Put a report on a pull request: one comment, found again by its first line and its author.
#
# From the environment: MODE, PROJECT, REPORT (a file of Markdown), DIGEST (of the plan, or empty),
# AUTHOR (whom the token comments as), PULL_REQUEST, REPOSITORY, RUN_URL, COMMIT and GH_TOKEN.
# The second line of the comment holds the digest of the plan that was reviewed. It stands before the
# report, so that nothing in the report can pass for it.
set -euo pipefail

key=${PROJECT//[^A-Za-z0-9._\/-]/_}
MARKER="<!-- telnyx-reconciler:comment $MODE ${key//--/-_} -->"
export MARKER AUTHOR
comments="repos/$REPOSITORY/issues/$PULL_REQUEST/comments"

body=$(mktemp "$RUNNER_TEMP/comment.XXXXXXXX")
{
  printf '%s\n' "$MARKER"
  if [ -n "$DIGEST" ]; then
    printf '<!-- telnyx-reconciler:digest %s -->\n' "$DIGEST"
  fi
  printf '\n'
  cat -- "$REPORT"
  printf '\n'
  if [ -n "$DIGEST" ]; then
    # shellcheck disable=SC2016 # backticks are Markdown here
    printf 'What is applied after the review is the plan `%s` and no other. ' "$DIGEST"
  fi
  printf '[This run](%s), commit %s.\n' "$RUN_URL" "$COMMIT"
} >"$body"

found=$(gh api --paginate "$comments?per_page=100" --jq \
  '.[] | select(.user.login == env.AUTHOR and ((.body // "") | startswith(env.MARKER))) | .id')
if [ -n "$found" ]; then
  gh api --method PATCH "repos/$REPOSITORY/issues/comments/${found%%$'\n'*}" -F "body=@$body" \
    >/dev/null
else
  gh api --method POST "$comments" -F "body=@$body" >/dev/null
fi
