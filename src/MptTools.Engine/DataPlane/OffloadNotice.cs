using MptTools.Engine.Linux;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// How the threads that move packets tell the control plane that the kernel has refused an offload: what was refused stands
/// where it was used, this says that there is something to look for.
/// </summary>
internal sealed class OffloadNotice(EventFd controlPlane)
{
    private int pending;

    internal void Post()
    {
        Volatile.Write(ref pending, 1);
        controlPlane.Signal();
    }

    internal bool TryTake() => Volatile.Read(ref pending) != 0 && Interlocked.Exchange(ref pending, 0) != 0;
}
