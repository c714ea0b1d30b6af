namespace MptTools.Lab;

/// <summary>Something the lab was asked for could not be done; the message names the thing, the reason and the
/// cure.</summary>
public sealed class LabException : Exception
{
    /// <summary>Makes an exception with a whole sentence as its message.</summary>
    public LabException(string message) : base(message)
    {
    }

    /// <summary>Makes an exception with a whole sentence as its message and what caused it.</summary>
    public LabException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
