package operators

// commandsOf are the shell functions that speak to PD, by format. cluster, region
// and operator print what PD says; remove_peer prints it and fails unless PD took
// the operator. pd-ctl ends with 0 also when PD refuses, adds what it reads from a
// pipe to its arguments and obeys PD_ADDR before -u (every version): so its words
// count, not its status, and it sees neither. curl would eat a script that bash
// reads from a pipe no less.
var commandsOf = map[Format]string{
	FormatPDCtl: `# With tiup: PD_CTL='tiup ctl:v8.1.0 pd' bash SCRIPT
unset PD_ADDR
read -r -a pd_ctl <<<"${PD_CTL:-pd-ctl}"
ctl() { "${pd_ctl[@]}" -u "$PD" ${TLS[@]+"${TLS[@]}"} "$@" 2>&1 </dev/null; }
pd_cluster() { ctl cluster; }
pd_region() { ctl region "$1"; }
pd_operator() { ctl operator check "$1"; }
pd_remove_peer() {
	local said
	said=$(ctl operator add remove-peer "$1" "$2")
	echo "$said"
	[[ $said == *Success!* ]]
}
`,
	FormatCurl: `ask() { curl -sS --max-time 30 ${TLS[@]+"${TLS[@]}"} "$@" 2>&1 </dev/null; }
pd_cluster() { ask "$PD/pd/api/v1/cluster"; }
pd_region() { ask "$PD/pd/api/v1/region/id/$1"; }
pd_operator() { ask "$PD/pd/api/v1/operators/$1"; }
pd_remove_peer() {
	local said
	said=$(ask -w ' %{http_code}' -X POST -H 'Content-Type: application/json' \
		-d "{\"name\":\"remove-peer\",\"region_id\":$1,\"store_id\":$2}" "$PD/pd/api/v1/operators")
	echo "$said"
	[[ $said == *' 200' ]]
}
`,
}

// noProxy: PD is an inner service, which ebb does not reach through a proxy
// either.
const noProxy = `unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY
`

// scriptBody checks before each removal what can be checked without ebb, and
// waits for its end: PD takes one operator of a region at a time, and 200 means
// created, not done. What PD says is understood or it is left alone.
const scriptBody = `removed=0 gone=0 skipped=0 expired=

check_cluster() {
	if [[ $(date +%s) -gt $UNTIL ]]; then
		echo "this script is too old to be trusted: make a new one with ebb orphans script" >&2
		exit 5
	fi
	local said
	said=$(pd_cluster)
	if [[ $(tr -d ' \t\r\n' <<<"$said") != *'"id":'"$1"[,\}]* ]]; then
		echo "PD at $PD does not answer for cluster $1: $said" >&2
		exit 5
	fi
}

# look REGION: said is what PD knows of it, peers the list of its peers, leader
# the store of its leader. Fails unless all of it is there.
look() {
	said=$(pd_region "$1" | tr -d ' \t\r\n')
	[[ $said == *'{"id":'"$1"',"'*'"peers":['*']'*'}' ]] || return
	peers=${said#*'"peers":['}
	peers=${peers%%']'*}
	leader=
	if [[ $said =~ \"leader\":\{[^{}]*\"store_id\":([1-9][0-9]*)[,}] ]]; then
		leader=${BASH_REMATCH[1]}
	fi
}

# has_peer STORE
has_peer() { [[ $peers == *'"store_id":'"$1"[,\}]* ]]; }

# others_well: no peer is down or waits for data but on the stores that are gone
others_well() {
	local list left
	for list in down_peers pending_peers; do
		[[ $said == *'"'"$list"'":['* ]] || continue
		left=${said#*'"'"$list"'":['}
		left=${left%%']'*}
		while [[ $left =~ \"store_id\":([0-9]+) ]]; do
			[[ " $GONE " == *" ${BASH_REMATCH[1]} "* ]] || return
			left=${left#*"${BASH_REMATCH[0]}"}
		done
	done
}

# leave REGION WHY
leave() {
	echo "region $1: left alone: $2" >&2
	skipped=$((skipped + 1))
}

# remove_peer REGION STORE CONF_VER VERSION
remove_peer() {
	local said peers leader ran
	if [[ $expired || $(date +%s) -gt $UNTIL ]]; then
		[[ $expired ]] || echo "this script is too old now: region $1 and those after it are left alone" >&2
		expired=1
		skipped=$((skipped + 1))
		return
	fi
	ran=$(pd_operator "$1")
	# The region is read last: PD makes the operator from it as it then is.
	if ! look "$1"; then
		leave "$1" "PD does not know it: $said"
	elif ! has_peer "$2"; then
		echo "region $1: peer on store $2 is gone already"
		gone=$((gone + 1))
	elif [[ $said != *'"epoch":{"conf_ver":'"$3"',"version":'"$4"'}'* ]]; then
		leave "$1" "it changed since it was judged"
	elif [[ $ran == *'status: RUNNING'* ]]; then
		leave "$1" "PD runs an operator on it"
	elif [[ ! $ran =~ 'status: '(SUCCESS|TIMEOUT|CANCEL|REPLACE)|'operator not found' ]]; then
		leave "$1" "nobody can tell whether PD runs an operator on it: $ran"
	elif [[ -z $leader || $leader == "$2" ]] || ! has_peer "$leader"; then
		leave "$1" "it has no leader now"
	elif ! others_well; then
		leave "$1" "another peer is down or waits for data"
	else
		submit "$1" "$2"
	fi
}

# submit REGION STORE
submit() {
	local answer tries=0 pause=0.1 end=$((SECONDS + 90))
	if ! answer=$(pd_remove_peer "$1" "$2"); then
		leave "$1" "PD refused: $answer"
		return
	fi
	while true; do
		if look "$1" && ! has_peer "$2" && [[ $leader ]]; then
			echo "region $1: peer on store $2 removed"
			removed=$((removed + 1))
			return
		fi
		[[ $SECONDS -lt $end ]] || break
		tries=$((tries + 1))
		[[ $tries -lt 10 ]] || pause=1
		sleep "$pause" 2>/dev/null || sleep 1
	done
	echo "region $1: not done after 90 s; PD may still do it" >&2
	skipped=$((skipped + 1))
}

`

// scriptEnd ends with 8 when something is left, as ebb does.
const scriptEnd = `
echo "$removed removed, $gone gone already, $skipped left"
[[ $skipped -eq 0 ]] || exit 8
}
main
exit
`
