namespace MptTools.Engine.ControlPlane;

/// <summary>
/// Which connection's timers are due next, of thousands: each is looked at when its own time comes, not whenever another's
/// does. Used by the control thread only.
/// </summary>
/// <remarks>
/// Most appointments are put off again and again (each keepalive that is heard moves the dead timer). Moving an entry back
/// each time would cost more than looking at the connection once at the old time, so only earlier times are entered.
/// </remarks>
internal sealed class Timetable
{
    private readonly PriorityQueue<ConnectionController, TimeSpan> entries = new();

    /// <summary>When a connection may have something to do; null: none will by itself.</summary>
    internal TimeSpan? Next
    {
        get
        {
            RemoveStale();
            return entries.TryPeek(out _, out TimeSpan at) ? at : null;
        }
    }

    /// <summary>Takes up what the connection's timers say now.</summary>
    internal void Schedule(ConnectionController connection)
    {
        if (connection.NextTick is { } due && !(due >= connection.ScheduledAt))
        {
            connection.ScheduledAt = due;
            entries.Enqueue(connection, due);
        }
    }

    /// <summary>A connection whose time has come, to be scheduled again after its tick; null when there is none (any more).</summary>
    internal ConnectionController? TakeDue(TimeSpan now)
    {
        if (!(Next <= now))
        {
            return null;
        }
        ConnectionController connection = entries.Dequeue();
        connection.ScheduledAt = null;
        return connection;
    }

    internal void Remove(ConnectionController connection) => connection.ScheduledAt = null;

    private void RemoveStale()
    {
        while (entries.TryPeek(out ConnectionController? connection, out TimeSpan at) && connection.ScheduledAt != at)
        {
            entries.Dequeue();
        }
    }
}
