namespace MptTools.Engine;

/// <summary>A server cannot start; the message is a sentence that names what is in the way and the cure. Nothing was left behind.</summary>
public sealed class MptStartException : Exception
{
    /// <summary>Makes one from its sentence.</summary>
    public MptStartException(string message) : base(message) { }

    /// <summary>Makes one from its sentence and what caused it.</summary>
    public MptStartException(string message, Exception inner) : base(message, inner) { }
}
