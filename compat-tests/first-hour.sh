#!/bin/bash
# Runs every configuration and environment of ../shared/review/first-hour.md and prints what the program says, by the numbers there. A person reads it.
# Usage, as root: compat-tests/first-hour.sh BINARY. It uses ports 45120, 45121 and 9464, and Debian's python3-kafka.
B=$(realpath "$1"); D=$(mktemp -d /tmp/fh.XXXX); chmod 755 $D; cd $D; P=45120
C="listeners=PLAINTEXT://127.0.0.1:$P,CONTROLLER://127.0.0.1:$((P+1))"
file() { cat > $1.properties; }
base() { printf "process.roles=broker,controller\nnode.id=1\ncontroller.listener.names=CONTROLLER\n%s\n" "$C"; [ -n "$NOQ" ] || echo controller.quorum.bootstrap.servers=localhost:45121; }
# run NAME SECONDS CMD…: what it prints, its exit code; SIGTERM where it still runs
run() { echo "--- $1"; local s=$2; shift 2; local t0=$(date +%s%N); "$@" > out 2>&1 & p=$!
  for i in $(seq $((s*20))); do kill -0 $p 2>/dev/null || break; grep -q "started in" out && break; sleep 0.05; done
  if kill -0 $p 2>/dev/null; then kill $p; wait $p; rc="$? (stopped by SIGTERM)"; else wait $p; rc=$?; fi
  cut -c1-420 out | head -${LINES_MAX:-12}; echo "    exit $rc after $(( ($(date +%s%N)-t0)/1000000 )) ms"; }
bg() { "$@" > out 2>&1 & p=$!; for i in $(seq 400); do grep -q "started in" out && break; sleep 0.05; done; }
prod() { /usr/bin/python3 - "$@" <<'PY'
import sys
from kafka import KafkaProducer, KafkaAdminClient
from kafka.admin import NewTopic
topic, parts, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
a = KafkaAdminClient(bootstrap_servers='127.0.0.1:45120'); a.create_topics([NewTopic(topic, parts, 1)])
p = KafkaProducer(bootstrap_servers='127.0.0.1:45120', linger_ms=0)
for i in range(n):
    p.send(topic, b'value-%d' % i, partition=i % parts)
    if parts == 1: p.flush()
p.flush()
PY
}
echo "## 1"; (base; echo log.dirs=$D/d1) | file 1; bg $B 1.properties; prod d 1 100; kill -9 $p; wait $p 2>/dev/null
f=$D/d1/d-0/00000000000000000000.log; s=$(stat -c %s $f); printf '\xff\xff\xff\xff' | dd of=$f bs=1 seek=$((s/2)) conv=notrunc 2>/dev/null
KAFKA_LOG_LEVEL=INFO run "1 damaged segment, kill -9" 10 $B 1.properties | grep -E -- "---|WARN|ERROR|started|exit"
f=$D/d1/__cluster_metadata-0/00000000000000000000.log; s=$(stat -c %s $f); printf '\xff\xff\xff\xff' | dd of=$f bs=1 seek=$((s/4)) conv=notrunc 2>/dev/null
run "1b damaged metadata log, clean stop" 10 $B 1.properties
echo "## 2"; (base; echo log.dirs=$D/d2) | file 2; (ulimit -n 1024; exec $B 2.properties > out2 2>&1) & p=$!; sleep 2; prod many 600 600; pkill -9 -f "$B 2.properties"; sleep 0.5
bash -c "ulimit -n 1024; exec $B 2.properties" > out 2>&1 & p=$!; for i in $(seq 600); do grep -q "started in" out && break; sleep 0.05; done; cat out; kill $p; wait $p; echo "    exit $?"
echo "## 3, 4"; (NOQ=1 base; echo log.dirs=$D/v; echo controller.quorum.voters=1@localhost:45121,2@host2:9093,3@host3:9093) | file v; run "3 three voters" 5 $B v.properties
(NOQ=1 base; echo log.dirs=$D/b; echo controller.quorum.bootstrap.servers=h1:9093,h2:9093,h3:9093) | file b; run "4 three bootstrap servers" 5 $B b.properties; ls $D/b 2>&1
(NOQ=1 base; echo log.dirs=$D/d1; echo controller.quorum.voters=1@localhost:45121,2@host2:9093,3@host3:9093) | file vs; run "4b three voters, standalone directory" 5 $B vs.properties
echo "## 6"; CLUSTER_ID=MkU3OEVBNTcwNTJENDM2Qk run "6 Confluent's id" 5 $B --port $P --override log.dirs=$D/c6
CLUSTER_ID=my-cluster run "6 my-cluster" 5 $B --port $P --override log.dirs=$D/c7; CLUSTER_ID=other run "6 another id" 5 $B --port $P --override log.dirs=$D/c6
echo "## 7"; KAFKA_LOG_DIR=$D/ld run "7 KAFKA_LOG_DIR" 5 $B --port $P; run "7 --override log.dir" 5 $B --port $P --override log.dir=$D/ld2; ls -d data ld ld2 2>&1
echo "## 8"; chmod 777 $D; for x in p1 p2 s1; do mkdir $D/$x; chmod 777 $D/$x; done
(base; echo log.dirs=$D/p1,$D/p2) | file p; (base; echo log.dirs=$D/s1) | file s; cp $B $D/kc; chmod 755 kc; chmod 644 *.properties; N="setpriv --reuid=65534 --regid=65534 --clear-groups $D/kc"
run "8 both new" 5 $N p.properties; run "8 single new" 5 $N s.properties
chmod 500 p1; run "8 first directory chmod 500" 5 $N p.properties; chmod 755 p1; chown 0 p1; chmod 555 p1; run "8 first of root" 5 $N p.properties; chown 65534 p1; chmod 755 p1
chmod 500 s1; run "8 single chmod 500" 5 $N s.properties; chmod 755 s1
chown 65534 p2; chmod 000 p2; run "8 second chmod 000" 5 $N p.properties; chmod 755 p2
mkdir ro; mount -t tmpfs none ro; mkdir ro/d; (base; echo log.dirs=$D/s1,$D/ro/d) | file r; run "8 formatted on tmpfs" 5 $B r.properties; mount -o remount,ro ro; run "8 second read-only" 5 $B r.properties; umount ro
rm -rf p2; (base; echo log.dirs=$D/p1,$D/p3) | file n; run "8 second new and empty" 5 $B n.properties; ls p3 2>&1 | head -3
echo "## 9"; run "9 compact, cleaner, share settings" 5 $B --port $P --override log.dirs=$D/c9 --override log.cleanup.policy=compact --override log.cleaner.threads=4 --override group.share.delivery.count.limit=7 --override kafkacompat.topics=orders:3
echo "## 10"; KAFKA_LOG_LEVEL=INFO LINES_MAX=40 run "10 INFO" 5 $B --port $P --override log.dirs=$D/c10
KAFKA_LOG_LEVEL=INFO KAFKA_KAFKACOMPAT_LOG_FORMAT=json run "10 json" 5 $B --port $P --override log.dirs=$D/c10 | cut -c1-160; KAFKA_KAFKACOMPAT_LOG_FORMAT=json run "10 json, a refusal" 5 $B --override foo.bar=1
echo "## 11"; (base; echo log.dirs=$D/u; printf 'unknown1=1\nunknown2=2\nunknown3=3\nzookeeper.connect=z:2181\ninter.broker.protocol.version=3.6\nlog.message.format.version=3.0\nauthorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n') | file u; run "11 unknown and removed" 5 $B u.properties
run "11 /etc/passwd" 5 $B /etc/passwd; run "11 binary" 5 $B $B; run "11 folder" 5 $B $D; echo log.dirs=$D/only > only.properties; run "11 log.dirs only" 5 $B only.properties
KAFKA_FOO_BAR=1 KAFKA_KAFKACOMPAT_HTTP_LISTNER=x run "11 environment" 5 $B --port $P --override log.dirs=$D/c11
(base; echo log.dirs=$D/c11b; printf 'confluent.telemetry=1\nsuper.users=User:a\nallow.everyone.if.no.acl.found=true\nlistener.name.plaintext.ssl.keystore.location=/x\n') | file cf; run "11 confluent.*, super.users, listener.name" 5 $B cf.properties
(base | sed "s/^listeners=.*/listeners=PLAIN:\/\/:9092,TLS:\/\/:9093,CONTROLLER:\/\/:9090/"; echo log.dirs=$D/st; printf 'listener.security.protocol.map=PLAIN:PLAINTEXT,TLS:SSL,CONTROLLER:SSL\nauthorizer.class.name=x.Y\nconfig.providers=strimzienv\nconfig.providers.strimzienv.class=a.B\n') | file st; run "11 Strimzi" 5 $B st.properties
echo "## 12"; KAFKA_CFG_NODE_ID=0 KAFKA_CFG_PROCESS_ROLES=controller,broker KAFKA_CFG_LISTENERS=PLAINTEXT://:$P,CONTROLLER://:45121 KAFKA_CFG_ADVERTISED_LISTENERS=PLAINTEXT://localhost:$P KAFKA_CFG_CONTROLLER_LISTENER_NAMES=CONTROLLER KAFKA_CFG_CONTROLLER_QUORUM_VOTERS=0@localhost:45121 KAFKA_CFG_LOG_DIRS=$D/bit run "12 Bitnami" 5 $B
KAFKA_NODE_ID=1 KAFKA_PROCESS_ROLES=broker,controller KAFKA_LISTENERS=PLAINTEXT://localhost:$P,CONTROLLER://localhost:45121 KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:$P KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER KAFKA_CONTROLLER_QUORUM_VOTERS=1@localhost:45121 KAFKA_LOG_DIRS=$D/conf CLUSTER_ID=MkU3OEVBNTcwNTJENDM2Qk KAFKA_JMX_PORT=9101 KAFKA_JMX_HOSTNAME=localhost run "12 Confluent" 5 $B
echo "## 13"; run "13 topics (no such file)" 5 $B topics; run "13 version" 5 $B version; run "13 -v" 5 $B -v; run "13 --port" 5 $B --port $P --override log.dirs=$D/c13
echo "## 5"; bg $B 2.properties; prod big 4 2000; kill -9 $p; wait $p 2>/dev/null; KAFKA_LOG_LEVEL=INFO run "5 recovery and stop" 10 $B 2.properties | grep -E -- "---|ecover|started|exit" | head -5
echo "## 16"; python3 -m http.server 9464 --bind 127.0.0.1 > /dev/null 2>&1 & h=$!; for i in $(seq 50); do (exec 3<>/dev/tcp/127.0.0.1/9464) 2>/dev/null && break; sleep 0.1; done
run "16 9464 taken" 5 $B --port $P --override log.dirs=$D/c16; kill $h; wait $h 2>/dev/null
echo "## 19"; : > $D/00000000000000000000.index; run "19 decode an empty index" 5 $B decode $D/00000000000000000000.index; cp $D/d2/big-0/00000000000000000000.log $D/x.bin; LINES_MAX=3 run "19 decode x.bin" 5 $B decode $D/x.bin
run "19 port 99999" 5 $B --port 99999
cd /; rm -rf $D
