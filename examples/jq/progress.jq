# The events of ebb watch (and of scale-in --wait), as lines for a chat or a log: one
# for each reading and store, and how it ended.
#
#   $ ebb watch prod --timeout 3s --jq "$(cat progress.jq)"
if .type == "progress" then
  {time: .time[11:19], store: .store.store_id, left: .store.regions}
elif .type == "summary" then
  {result: .summary.result, exit_code: .summary.exit_code}
else
  empty
end
