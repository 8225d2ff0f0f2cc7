#!/usr/bin/env bash
# Prints Apache Kafka's verdicts over small files; gzip -9n of it is tests/Shared/SmallFiles/verdicts.tsv.gz. KAFKA_REFERENCE names the folder of Apache Kafka.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kafka=${KAFKA_REFERENCE:-$here/../../../shared/kafka-4.4}
exec "${JAVA:-java}" -Xmx512m -Dlog4j2.level=OFF -cp "$(printf %s: "$kafka"/broker/*.jar)" "$here/SmallFiles.java"
