// Drives kafkajs 2.2. The protocol with run.py is described in ../README.md.
'use strict'
const crypto = require('node:crypto')
const readline = require('node:readline')
const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = require('kafkajs')
const lz4 = require('lz4js')
const { ZstdCodec } = require('zstd-codec')

const waitMs = 30000
const zstd = new Promise(resolve => ZstdCodec.run(codec => resolve(new codec.Simple())))
CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  // lz4js writes one block but declares blocks that depend on one another, which Kafka refuses: FLG and its checksum say what is true.
  compress: async encoder => {
    const frame = Buffer.from(lz4.compress(encoder.buffer))
    frame[4] = 0x60
    frame[6] = 0x73
    return frame
  },
  decompress: async bytes => Buffer.from(lz4.decompress(bytes))
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async encoder => Buffer.from((await zstd).compress(encoder.buffer)),
  decompress: async bytes => Buffer.from((await zstd).decompress(bytes))
})

const kafka = new Kafka({
  clientId: 'kafkajs',
  brokers: [process.env.BOOTSTRAP],
  logLevel: process.env.DEBUG ? logLevel.DEBUG : logLevel.NOTHING,
  retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 30 }
})
const admin = kafka.admin()
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()

const say = message => process.stdout.write(JSON.stringify(message) + '\n')

async function restartBroker () {
  say({ broker: 'restart' })
  const { value } = await lines.next()
  if (value !== 'restarted') throw new Error('the broker did not come back')
}

/** A key or value as the answers show it: null, text, a digest of long bytes, else base64. */
function shown (value) {
  if (value === null || value === undefined) return null
  const bytes = Buffer.from(value)
  if (bytes.length > 100) return `${bytes.length} bytes ${crypto.createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? text : 'base64 ' + bytes.toString('base64')
}

const row = ({ partition, message }) => [partition, Number(message.offset), shown(message.key), shown(message.value)]
const byPosition = (a, b) => a.partition - b.partition || Number(a.message.offset) - Number(b.message.offset)

async function until (condition) {
  const deadline = Date.now() + waitMs
  while (Date.now() < deadline && !(await condition())) await new Promise(resolve => setTimeout(resolve, 20))
}

async function attempt (action) {
  try {
    await action()
    return 'ok'
  } catch (error) {
    return (error.errors ?? [error]).map(e => e.type ?? e.name).join(' ')
  }
}

async function create (topic, numPartitions = 1) {
  const created = await attempt(() => admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: 1 }], waitForLeaders: true }))
  // Apache Kafka answers before its broker knows of the topic: on a busy machine the client gives up waiting for the leaders.
  if (created === 'UNKNOWN_TOPIC_OR_PARTITION') await until(async () => await attempt(() => admin.fetchTopicMetadata({ topics: [topic] })) === 'ok')
  else if (created !== 'ok') throw new Error(`${topic} was not created: ${created}`)
  return topic
}

async function withProducer (options, use) {
  const producer = kafka.producer(options)
  await producer.connect()
  try {
    return await use(producer)
  } finally {
    await producer.disconnect()
  }
}

/** A group member that collects what it reads and knows what it is assigned. */
class Member {
  static async start (topic, groupId, { fromBeginning = true, autoCommit = false, afterRun } = {}) {
    const member = new Member()
    member.records = []
    member.assigned = 0
    member.consumer = kafka.consumer({ groupId, heartbeatInterval: 300, sessionTimeout: 10000, rebalanceTimeout: 10000, maxWaitTimeInMs: 200 })
    member.consumer.on(member.consumer.events.GROUP_JOIN, ({ payload }) => { member.assigned = Object.values(payload.memberAssignment).flat().length })
    await member.consumer.connect()
    await member.consumer.subscribe({ topics: [topic], fromBeginning })
    await member.consumer.run({ autoCommit, eachMessage: async record => { member.records.push(record) } })
    if (afterRun) afterRun(member.consumer)
    return member
  }

  async read (count) {
    await until(() => this.records.length >= count)
    return this.records.slice().sort(byPosition)
  }

  async leave () {
    await this.consumer.disconnect()
  }
}

let groupNumber = 0
async function readAll (topic) {
  const ends = await admin.fetchTopicOffsets(topic)
  const member = await Member.start(topic, `kafkajs-reader-${groupNumber++}`)
  const records = await member.read(ends.reduce((sum, p) => sum + Number(p.high), 0))
  await member.leave()
  return records.map(row)
}

async function numbered (topic, count = 10) {
  await withProducer({}, async producer => {
    for (let i = 0; i < count; i++) await producer.send({ topic, acks: -1, messages: [{ value: `${i}`, partition: 0, timestamp: `${1700000000000 + 1000 * i}` }] })
  })
}

const scenarios = {
  async topics () {
    const topic = await create('kafkajs-topics', 3)
    const { topics: [described] } = await admin.fetchTopicMetadata({ topics: [topic] })
    const answers = {
      listed: (await admin.listTopics()).includes(topic),
      partitions: described.partitions.map(p => [p.partitionId, p.leader, p.replicas, p.isr, p.partitionErrorCode]).sort(),
      // kafkajs takes this error for a false answer.
      again: await admin.createTopics({ topics: [{ topic }] }),
      'bad name': await attempt(() => admin.createTopics({ topics: [{ topic: 'a b' }] })),
      'too many replicas': await attempt(() => admin.createTopics({ topics: [{ topic: 'kafkajs-replicas', replicationFactor: 3 }] }))
    }
    const cluster = await admin.describeCluster()
    answers.cluster = [cluster.brokers.length, cluster.controller, typeof cluster.clusterId]
    answers.delete = await attempt(() => admin.deleteTopics({ topics: [topic] }))
    answers['listed after'] = (await admin.listTopics()).includes(topic)
    return answers
  },

  async headers () {
    const topic = await create('kafkajs-headers')
    const sent = [{}, { a: '1' }, { a: ['1', '2'], b: '' }, { '': Buffer.from([255, 0]), ключ: 'значение' }]
    await withProducer({}, async producer => {
      for (const [i, headers] of sent.entries()) await producer.send({ topic, messages: [{ value: `${i}`, headers }] })
    })
    const member = await Member.start(topic, 'kafkajs-headers')
    const records = await member.read(4)
    await member.leave()
    return records.map(({ message }) => [message.offset, Object.entries(message.headers).map(([k, v]) => [k, Array.isArray(v) ? v.map(shown) : shown(v)])])
  },

  async nulls () {
    const topic = await create('kafkajs-nulls')
    const sent = [{ key: null, value: 'v' }, { key: 'k', value: null }, { key: '', value: '' }, { key: null, value: '' }, { key: '', value: null }]
    await withProducer({}, async producer => {
      for (const message of sent) await producer.send({ topic, messages: [message] })
    })
    return readAll(topic)
  },

  async codecs () {
    const topic = await create('kafkajs-codecs', 15)
    await withProducer({}, async producer => {
      let partition = 0
      for (const compression of [0, 1, 2, 3, 4]) {
        for (const acks of [0, 1, -1]) {
          const messages = Array.from({ length: 20 }, (_, i) => ({ partition, key: `k${i}`, value: `value ${i} `.repeat(30) }))
          await producer.send({ topic, compression, acks, messages })
          partition++
        }
      }
    })
    await until(async () => (await admin.fetchTopicOffsets(topic)).every(p => p.high === '20'))
    return readAll(topic)
  },

  async large () {
    const topic = await create('kafkajs-large')
    return withProducer({}, async producer => {
      const first = await producer.send({ topic, messages: [{ value: Buffer.alloc(921600, 'abcdefgh') }] })
      const refused = await attempt(() => producer.send({ topic, messages: [{ value: Buffer.alloc(1500000) }] }))
      const second = await producer.send({ topic, compression: CompressionTypes.GZIP, messages: [{ value: Buffer.alloc(1500000) }] })
      return { offsets: [first, second].map(a => a[0].baseOffset), refused, read: await readAll(topic) }
    })
  },

  async positions () {
    const topic = await create('kafkajs-positions')
    await numbered(topic)
    const answers = {}
    const reading = async (name, count, options) => {
      const member = await Member.start(topic, `kafkajs-positions-${name}`, options)
      answers[name] = (await member.read(count)).map(row)
      await member.leave()
    }
    await reading('start', 10, {})
    const at = await admin.fetchTopicOffsetsByTimestamp(topic, 1700000003500)
    await reading('offset', 3, { afterRun: consumer => consumer.seek({ topic, partition: 0, offset: '7' }) })
    await reading('time', 6, { afterRun: consumer => consumer.seek({ topic, partition: 0, offset: at[0].offset }) })
    await reading('out of range', 10, { afterRun: consumer => consumer.seek({ topic, partition: 0, offset: '500' }) })
    const last = await Member.start(topic, 'kafkajs-positions-end', { fromBeginning: false })
    await until(() => last.assigned === 1)
    await until(async () => (await admin.fetchOffsets({ groupId: 'kafkajs-positions-end', topics: [topic] })).length === 1)
    // The member takes its position with its first fetch: records are sent until it sees one.
    let sent = 10
    await withProducer({}, producer => until(async () => {
      if (last.records.length === 0) await producer.send({ topic, messages: [{ value: `${sent++}` }] })
      await new Promise(resolve => setTimeout(resolve, 200))
      return last.records.length > 0
    }))
    answers.end = Number(last.records[0].message.offset) >= 10 && last.records[0].message.offset === last.records[0].message.value.toString()
    await last.leave()
    return answers
  },

  async 'list-offsets' () {
    const topic = await create('kafkajs-list-offsets', 2)
    await numbered(topic)
    const sorted = list => list.slice().sort((a, b) => a.partition - b.partition)
    const answers = { offsets: sorted(await admin.fetchTopicOffsets(topic)) }
    for (const at of [0, 1700000000000, 1700000000001, 1700000009000, 1700000009001]) answers[at] = sorted(await admin.fetchTopicOffsetsByTimestamp(topic, at))
    return answers
  },

  async groups () {
    const topic = await create('kafkajs-groups', 4)
    const group = 'kafkajs-group'
    const answers = {}
    const first = await Member.start(topic, group)
    await until(() => first.assigned === 4)
    answers.one = [first.assigned]
    const second = await Member.start(topic, group)
    await until(() => first.assigned === 2 && second.assigned === 2)
    answers.two = [first.assigned, second.assigned]
    const { groups: [described] } = await admin.describeGroups([group])
    answers.described = [described.errorCode, described.groupId, described.state, described.protocolType, described.protocol, described.members.length]
    answers.listed = (await admin.listGroups()).groups.filter(g => g.groupId === group)
    await first.leave()
    await until(() => second.assigned === 4)
    answers.left = [second.assigned]
    await second.leave()
    answers.empty = (await admin.describeGroups([group])).groups[0].state
    answers.unknown = (await admin.describeGroups(['kafkajs-nobody'])).groups[0].state
    return answers
  },

  async commits () {
    const topic = await create('kafkajs-commits', 2)
    await numbered(topic)
    const groupId = 'kafkajs-commits'
    const first = await Member.start(topic, groupId)
    await first.read(10)
    await first.consumer.commitOffsets([{ topic, partition: 0, offset: '4', metadata: 'note' }])
    const offsets = async () => (await admin.fetchOffsets({ groupId, topics: [topic] })).map(t => t.partitions.sort((a, b) => a.partition - b.partition))
    const answers = { committed: await offsets() }
    await first.leave()
    const second = await Member.start(topic, groupId)
    answers['went on'] = (await second.read(6)).map(row)
    await second.consumer.commitOffsets([{ topic, partition: 0, offset: '10' }])
    await second.leave()
    answers.then = await offsets()
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '2' }] })
    answers.set = await offsets()
    return answers
  },

  async restart () {
    const topic = await create('kafkajs-restart')
    const member = await Member.start(topic, 'kafkajs-restart')
    return withProducer({}, async producer => {
      for (let i = 0; i < 5; i++) await producer.send({ topic, messages: [{ value: `before ${i}` }] })
      await member.read(5)
      await member.consumer.commitOffsets([{ topic, partition: 0, offset: '5' }])
      await restartBroker()
      for (let i = 0; i < 5; i++) await producer.send({ topic, messages: [{ value: `after ${i}` }] })
      const records = await member.read(10)
      await member.consumer.commitOffsets([{ topic, partition: 0, offset: '10' }])
      const committed = await admin.fetchOffsets({ groupId: 'kafkajs-restart', topics: [topic] })
      await member.leave()
      // A record may be read twice around the restart; each must have been read.
      return { read: [...new Set(records.map(r => r.message.value.toString()))], committed, all: await readAll(topic) }
    })
  },

  async idempotent () {
    const topic = await create('kafkajs-idempotent')
    return withProducer({ idempotent: true, maxInFlightRequests: 1, retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 100 } }, async producer => {
      const sends = []
      for (let i = 0; i < 20; i++) {
        if (i === 10) await restartBroker()
        sends.push(await producer.send({ topic, messages: [{ value: `${i}` }] }))
      }
      return { offsets: sends.map(s => Number(s[0].baseOffset)), all: await readAll(topic) }
    })
  }
}

async function main () {
  await admin.connect()
  for (const name of process.argv.slice(2)) {
    try {
      say({ scenario: name, result: await scenarios[name]() })
    } catch (error) {
      say({ scenario: name, error: String(error.stack).slice(0, 2500) })
    }
  }
  await admin.disconnect()
  process.exit(0)
}

main()
