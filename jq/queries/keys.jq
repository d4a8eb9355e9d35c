# Ids and key ranges of all regions.
#
# Keys are in hexadecimal digits; an empty one is the end of the key space.
.regions[]
| {id, start_key, end_key}
