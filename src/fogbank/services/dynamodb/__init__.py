"""Amazon DynamoDB: tables, items, expressions, indexes, transactions and TTL on the store.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/Welcome.html
"""
