#!/usr/bin/env bash
# Start time and idle memory of the published program beside Apache Kafka's. Prints the ratios; exit code 1 when a target is missed.
# Usage: measure-start.sh [runs]. The program is published first, unless $KAFKACOMPAT_PUBLISHED names a folder that holds it; Apache Kafka is taken from
# $KAFKA_REFERENCE, else from ../shared/kafka-4.4 beside the repository.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
out=${KAFKACOMPAT_PUBLISHED:-$top/artifacts/publish}
[ -n "${KAFKACOMPAT_PUBLISHED:-}" ] || dotnet publish "$top/src/KafkaCompat.Server" -c Release -r linux-x64 -o "$out" --nologo -v q
exec dotnet run -c Release --project "$top/tests/Benchmarks" -- start "$out/kafkacompat" "${KAFKA_REFERENCE:-$top/../shared/kafka-4.4}" "${1:-3}"
