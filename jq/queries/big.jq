# Regions above a size.
#
# The size is what PD was told last, in MiB before compression.
#
# arg min_mib = 144: size in MiB from which a region is shown; 144 is where TiKV splits
($min_mib | tonumber) as $min
| .regions[]
| select((.approximate_size // 0) >= $min)
| {id, mib: .approximate_size, keys: (.approximate_keys // 0)}
