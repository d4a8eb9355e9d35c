# Regions that hold next to nothing.
#
# PD counts a region of 1 MiB or less as empty, and merges it with a neighbour.
.regions[]
| select((.approximate_size // 0) <= 1)
| .id
