# feb/11/2017 09:12:44 by RouterOS 6.38.1
# software id = AB12-CD34
#
/ip ipsec proposal
set [ find default=yes ] auth-algorithms=sha256 enc-algorithms=aes-128-cbc \
    pfs-group=modp2048
/ip ipsec peer
add address=203.0.113.20/32 dh-group=modp2048 dpd-interval=30s \
    dpd-maximum-failures=3 enc-algorithm=aes-256,aes-128 hash-algorithm=sha256 \
    local-address=203.0.113.10 nat-traversal=no secret=\
    "Correct \"horse\" battery"
/ip ipsec policy
set 0 disabled=yes
add comment="HQ <-> branch" dst-address=10.20.0.0/16 priority=5 \
    sa-dst-address=203.0.113.20 sa-src-address=203.0.113.10 src-address=\
    10.10.0.0/16 tunnel=yes
