namespace MptTools.Engine.ControlPlane.Handshakes;

/// <summary>
/// Remembers a limited number of things for a limited time since they were last touched. When it is full, the one that has
/// waited longest makes room: whoever floods it displaces what is stale first, and a handshake in progress takes a round trip.
/// </summary>
internal sealed class HandshakeTable<TKey, TValue>(int limit, TimeSpan lifetime)
    where TKey : struct, IEquatable<TKey>
    where TValue : class
{
    private readonly Dictionary<TKey, LinkedListNode<Entry>> entries = [];
    private readonly LinkedList<Entry> oldestFirst = [];

    internal int Count => entries.Count;

    /// <summary>When the next one is to be forgotten; null: the table is empty.</summary>
    internal TimeSpan? NextExpiry => oldestFirst.First?.Value.ExpiresAt;

    internal TValue? Find(in TKey key, TimeSpan now)
    {
        Expire(now);
        return entries.TryGetValue(key, out LinkedListNode<Entry>? node) ? node.Value.Value : null;
    }

    /// <summary>Adds something, in the place of what stood under its key.</summary>
    /// <returns>False where something else had to be forgotten for it.</returns>
    internal bool Add(in TKey key, TValue value, TimeSpan now)
    {
        Expire(now);
        Remove(key);
        bool hasRoom = entries.Count < limit;
        if (!hasRoom)
        {
            RemoveOldest();
        }
        entries.Add(key, oldestFirst.AddLast(new Entry(key, value, now + lifetime)));
        return hasRoom;
    }

    /// <summary>Starts the lifetime of what stands under a key anew.</summary>
    internal void Touch(in TKey key, TimeSpan now)
    {
        if (entries.TryGetValue(key, out LinkedListNode<Entry>? node))
        {
            oldestFirst.Remove(node);
            node.ValueRef.ExpiresAt = now + lifetime;
            oldestFirst.AddLast(node);
        }
    }

    internal void Remove(in TKey key)
    {
        if (entries.Remove(key, out LinkedListNode<Entry>? node))
        {
            oldestFirst.Remove(node);
        }
    }

    /// <summary>Forgets whose time has come.</summary>
    internal void Expire(TimeSpan now)
    {
        while (NextExpiry <= now)
        {
            RemoveOldest();
        }
    }

    private void RemoveOldest()
    {
        entries.Remove(oldestFirst.First!.Value.Key);
        oldestFirst.RemoveFirst();
    }

    private struct Entry(TKey key, TValue value, TimeSpan expiresAt)
    {
        internal readonly TKey Key = key;
        internal readonly TValue Value = value;
        internal TimeSpan ExpiresAt = expiresAt;
    }
}
